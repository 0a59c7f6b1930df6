import assert from "node:assert/strict";
import { isSyscallError } from "./errno.ts";
import { KernelLogReader, KernelLogWriter } from "./kmsg.ts";
import { FdPoller } from "./poller.ts";
import { lacksPath, rootTest } from "./testing.ts";

const missing = lacksPath("/dev/kmsg");
const decoder = new TextDecoder();

/** Every record that is there, oldest first. */
function readAll(reader: KernelLogReader): string[] {
  const records: string[] = [];
  for (;;) {
    try {
      const bytes = reader.read();
      if (!bytes) return records;
      records.push(decoder.decode(bytes));
    } catch (error) {
      if (!isSyscallError(error, "EPIPE")) throw error;
    }
  }
}

rootTest("KernelLogWriter writes a record a line, which KernelLogReader reads", () => {
  using reader = new KernelLogReader();
  using writer = new KernelLogWriter();
  const mark = `kmsg test ${crypto.randomUUID()}`;
  writer.write(`${mark} first\n${mark} second\n`, "warning");
  const ours = readAll(reader).filter((record) => record.includes(mark));
  assert.deepEqual(ours.map((record) => record.split(";")[1]), [
    `${mark} first\n`,
    `${mark} second\n`,
  ]);
  // Facility 1, programs, and priority 4, warning.
  for (const record of ours) assert.match(record, /^12,/);
}, missing);

rootTest("KernelLogWriter cuts a line that the kernel would refuse", () => {
  using reader = new KernelLogReader();
  using writer = new KernelLogWriter();
  const mark = crypto.randomUUID();
  writer.write(`${mark}a${"x".repeat(5000)}`);
  writer.write(`${mark}b${"é".repeat(5000)}`);
  const [plain = "", accents = ""] = readAll(reader).filter((record) => record.includes(mark));
  const room = 900 - mark.length - 1;
  assert.ok(plain.endsWith(`;${mark}a${"x".repeat(room)}\n`));
  assert.ok(accents.endsWith(`;${mark}b${"\\xc3\\xa9".repeat(Math.floor(room / 8))}\n`));
}, missing);

rootTest("KernelLogReader tells when there is something new, until its signal ends", async () => {
  await using poller = new FdPoller();
  using reader = new KernelLogReader();
  using writer = new KernelLogWriter();
  readAll(reader);
  const mark = `kmsg test ${crypto.randomUUID()}`;
  const ready = reader.ready(poller);
  writer.write(mark);
  await ready;
  assert.ok(readAll(reader).some((record) => record.includes(mark)));
  const stop = new AbortController();
  const waiting = reader.ready(poller, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
}, missing);
