import assert from "node:assert/strict";
import { dmesgApi, type KmsgReader } from "./dmesg.ts";
import { FdPoller } from "$ffi/poller.ts";
import { kernelLogSource } from "./kernel_log.ts";
import { formatKmsg, parseKmsg } from "./kmsg_record.ts";
import { clientOf, collect, serve } from "./testing.ts";

const BOOT_MS = Date.UTC(2021, 1, 3, 4, 5, 6);

for (
  const { record, want } of [
    {
      record: "6,339,5140900,-;NET: Registered\n SUBSYSTEM=net\n",
      want: "kern:    info: [2021-02-03T04:05:11.1409Z]: NET: Registered\n",
    },
    {
      record: "12,1,0,c,more;user text",
      want: "user: warning: [2021-02-03T04:05:06Z]: user text\n",
    },
    { record: "0,1,1,-;a;b", want: "kern:   emerg: [2021-02-03T04:05:06.000001Z]: a;b\n" },
    {
      record: "187,5,999999,-;caf\\xc3\\xa9 \\x5c \\x1b[0m \\xff",
      want: "local7:     err: [2021-02-03T04:05:06.999999Z]: café \\ \\x1b[0m \\xff\n",
    },
    { record: "", want: undefined },
    { record: "no record", want: undefined },
  ]
) {
  Deno.test(`formatKmsg() writes ${JSON.stringify(record.slice(0, 30))} as clients print it`, () => {
    const parsed = parseKmsg(record);
    assert.equal(parsed && formatKmsg(parsed, BOOT_MS), want);
  });
}

/** A kernel log made of records; "overrun" fails once as the kernel does, later records come by push. */
function fakeKmsg(...records: string[]) {
  const queue = [...records];
  let wake = () => {};
  let closed = 0;
  const reader: KmsgReader = {
    read() {
      const next = queue.shift();
      if (next === "overrun") throw Object.assign(new Error("Broken pipe"), { code: "EPIPE" });
      return next === undefined ? undefined : new TextEncoder().encode(next);
    },
    ready: (signal) =>
      new Promise((resolve) => {
        wake = resolve;
        signal.addEventListener("abort", () => resolve());
      }),
    close: () => void closed++,
  };
  return {
    kmsg: { open: () => reader },
    push(record: string) {
      queue.push(record);
      wake();
    },
    get closed() {
      return closed;
    },
  };
}

const readProc = () => Promise.resolve("100.50 3.20\n");
const messages = (text: string) =>
  text.split("\n").slice(0, -1).map((line) => line.split("]: ")[1]);

Deno.test("dmesgApi() gives all there is, ends, and closes the log", async () => {
  const log = fakeKmsg("6,1,1,-;one", "garbled", "6,2,2,-;two");
  const { text } = await collect(clientOf(dmesgApi({ kmsg: log.kmsg, readProc })).dmesg({}));
  assert.deepEqual(messages(text), ["one", "two"]);
  assert.equal(log.closed, 1);
});

Deno.test("dmesgApi() gives each message the time it was made at", async () => {
  const log = fakeKmsg("6,1,100500000,-;now");
  const { text } = await collect(clientOf(dmesgApi({ kmsg: log.kmsg, readProc })).dmesg({}));
  const [, time = ""] = /\[(.*?)\]/.exec(text) ?? [];
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 2_000, time);
});

Deno.test("dmesgApi() in follow mode goes on past an overrun, says so, and ends with the caller", async () => {
  const log = fakeKmsg("6,1,1,-;one");
  const gone = new AbortController();
  await using node = await serve(dmesgApi({ kmsg: log.kmsg, readProc }));
  const stream = node.client.dmesg({ follow: true }, { signal: gone.signal })[
    Symbol.asyncIterator
  ]();
  const next = async () => new TextDecoder().decode((await stream.next()).value?.bytes);
  assert.match(await next(), /one\n$/);
  log.push("overrun");
  assert.match(await next(), /kernel messages lost: the reader was too slow/);
  log.push("6,9,9,-;nine");
  assert.match(await next(), /nine\n$/);
  gone.abort();
  await assert.rejects(stream.next());
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(log.closed, 1);
});

Deno.test("dmesgApi() with follow and tail leaves out what is there already", async () => {
  const log = fakeKmsg("6,1,1,-;old", "overrun", "6,2,2,-;older");
  const stream = clientOf(dmesgApi({ kmsg: log.kmsg, readProc }))
    .dmesg({ follow: true, tail: true })[Symbol.asyncIterator]();
  const first = stream.next();
  await new Promise((resolve) => setTimeout(resolve, 10));
  log.push("6,3,3,-;new");
  assert.match(new TextDecoder().decode((await first).value?.bytes), /: new\n$/);
  await stream.return?.();
});

Deno.test(
  "kernelLogSource() reads the kernel's log, and a line written to it arrives in follow mode",
  {
    ignore: Deno.build.os !== "linux" || Deno.uid() !== 0 || !exists("/dev/kmsg"),
  },
  async () => {
    await using poller = new FdPoller();
    const client = clientOf(dmesgApi({ kmsg: kernelLogSource(poller), readProc: readUptime }));
    const gone = new AbortController();
    const stream = client.dmesg({ follow: true, tail: true }, { signal: gone.signal });
    const mark = `dmesg test ${crypto.randomUUID()}`;
    const records = stream[Symbol.asyncIterator]();
    let next = records.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Deno.writeTextFile("/dev/kmsg", `<6>${mark}\n`);
    // The kernel of the host may say something of its own first.
    let text = "";
    while (!text.includes(mark)) {
      text = new TextDecoder().decode((await next).value?.bytes);
      next = records.next();
    }
    next.catch(() => {});
    assert.ok(text.endsWith(`]: ${mark}\n`), text);
    gone.abort();
    const { text: all } = await collect(client.dmesg({}));
    assert.ok(all.includes(mark));
  },
);

function readUptime(path: string): Promise<string> {
  return Deno.readTextFile(`/proc/${path}`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
