import assert from "node:assert/strict";
import { kernelLog, KernelLogWriter, type KernelRecord, parseKernelRecord } from "./kmsg.ts";
import { FdPoller } from "./poller.ts";
import { lacksPath, rootTest } from "./testing.ts";

Deno.test("parseKernelRecord() reads priority, sequence, time and message without dictionary", () => {
  const text = "30,339,5140900,-;NET: port \\x5c up\\xc3\\xa9\n SUBSYSTEM=net\n DEVICE=+x\n";
  assert.deepEqual(parseKernelRecord(text), {
    facility: 3,
    level: 6,
    sequence: 339,
    timestampUs: 5140900,
    message: "NET: port \\ upé",
  });
});

Deno.test("parseKernelRecord() reads fields of later kernels over, and gives undefined for noise", () => {
  assert.equal(parseKernelRecord("6,1,2,c,caller=T1;x;y\n")?.message, "x;y");
  assert.equal(parseKernelRecord("garbage"), undefined);
});

const missing = lacksPath("/dev/kmsg");

async function collect(log: AsyncGenerator<KernelRecord>): Promise<KernelRecord[]> {
  const records: KernelRecord[] = [];
  for await (const record of log) records.push(record);
  return records;
}

rootTest("KernelLogWriter writes a record a line, which kernelLog() reads to its end", async () => {
  await using poller = new FdPoller();
  using writer = new KernelLogWriter();
  const mark = `kmsg test ${crypto.randomUUID()}`;
  writer.write(`${mark} first\n${mark} second\n`, "warning");
  const ours = (await collect(kernelLog({ poller }))).filter((r) => r.message.startsWith(mark));
  assert.deepEqual(ours.map((r) => r.message), [`${mark} first`, `${mark} second`]);
  assert.deepEqual(ours.map((r) => [r.facility, r.level]), [[3, 4], [3, 4]]);
}, missing);

rootTest("KernelLogWriter cuts a line that the kernel would refuse", async () => {
  await using poller = new FdPoller();
  using writer = new KernelLogWriter();
  const mark = crypto.randomUUID();
  writer.write(`${mark}a${"x".repeat(5000)}`);
  writer.write(`${mark}b${"é".repeat(5000)}`);
  const records = await collect(kernelLog({ poller }));
  const [plain, accents] = records.filter((r) => r.message.startsWith(mark)).map((r) => r.message);
  assert.equal(plain, mark + "a" + "x".repeat(900 - mark.length - 1));
  assert.equal(accents, mark + "b" + "é".repeat(Math.floor((900 - mark.length - 1) / 8)));
}, missing);

rootTest(
  "kernelLog() with follow and tail gives new records alone, until its signal ends",
  async () => {
    await using poller = new FdPoller();
    using writer = new KernelLogWriter();
    const mark = `kmsg test ${crypto.randomUUID()}`;
    writer.write(`${mark} before`);
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      const options = { poller, follow: true, tail: true, signal: stop.signal };
      for await (const { message } of kernelLog(options)) {
        if (!message.startsWith(mark)) continue;
        seen.push(message.slice(mark.length + 1));
        if (seen.length === 2) stop.abort();
      }
    })();
    await new Promise((resume) => setTimeout(resume, 30));
    writer.write(`${mark} one`);
    await new Promise((resume) => setTimeout(resume, 30));
    writer.write(`${mark} two`);
    await reading;
    assert.deepEqual(seen, ["one", "two"]);
  },
  missing,
);
