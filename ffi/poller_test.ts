import assert from "node:assert/strict";
import { O, pipe } from "./fd.ts";
import { FdPoller, POLL } from "./poller.ts";
import { layoutTest } from "./testing.ts";

layoutTest("poller.ts POLL", ["poll.h", "sys/eventfd.h", "fcntl.h"], {
  "sizeof(struct pollfd)": POLL.size,
  "offsetof(struct pollfd, fd)": POLL.fd,
  "offsetof(struct pollfd, events)": POLL.events,
  "offsetof(struct pollfd, revents)": POLL.revents,
  "POLLIN": POLL.IN,
  "POLLOUT": POLL.OUT,
  "POLLNVAL": POLL.NVAL,
  "EFD_CLOEXEC": O.CLOEXEC,
  "EFD_NONBLOCK": O.NONBLOCK,
});

function threads(): number {
  return [...Deno.readDirSync("/proc/self/task")].length;
}

Deno.test("FdPoller.readable() resolves for the descriptor with bytes, by one thread for all", async () => {
  await using poller = new FdPoller();
  const pipes = Array.from({ length: 50 }, () => pipe(O.NONBLOCK));
  const before = threads();
  const ready: number[] = [];
  const waits = pipes.map(({ readable }, i) =>
    poller.readable(readable).then(() => void ready.push(i))
  );
  await new Promise((resume) => setTimeout(resume, 30));
  assert.ok(threads() <= before + 1);
  pipes[33]?.writable.write(new Uint8Array([1]));
  await waits[33];
  assert.deepEqual(ready, [33]);
  for (const { writable } of pipes) writable.close();
  await Promise.all(waits);
  for (const { readable } of pipes) readable.close();
});

Deno.test("FdPoller takes a wait that starts while it polls", async () => {
  await using poller = new FdPoller();
  const [a, b] = [pipe(O.NONBLOCK), pipe(O.NONBLOCK)];
  const first = poller.readable(a.readable);
  await new Promise((resume) => setTimeout(resume, 20));
  const second = poller.readable(b.readable);
  b.writable.write(new Uint8Array([1]));
  await second;
  a.writable.write(new Uint8Array([1]));
  await first;
  for (const fd of [a.readable, a.writable, b.readable, b.writable]) fd.close();
});

Deno.test("FdPoller.readable() rejects with the reason of its signal", async () => {
  await using poller = new FdPoller();
  const { readable, writable } = pipe(O.NONBLOCK);
  const wait = poller.readable(readable, AbortSignal.timeout(20));
  await assert.rejects(wait, { name: "TimeoutError" });
  await assert.rejects(poller.readable(readable, AbortSignal.abort()), { name: "AbortError" });
  readable.close();
  writable.close();
});

Deno.test("FdPoller.writable() resolves once a full pipe has room", async () => {
  await using poller = new FdPoller();
  const { readable, writable } = pipe(O.NONBLOCK);
  const chunk = new Uint8Array(65536);
  while (writable.write(chunk) !== undefined);
  const wait = poller.writable(writable);
  readable.read(chunk);
  await wait;
  readable.close();
  writable.close();
});

Deno.test("FdPoller rejects who waits for a closed descriptor, and all when it closes", async () => {
  const poller = new FdPoller();
  const [a, b] = [pipe(O.NONBLOCK), pipe(O.NONBLOCK)];
  a.readable.close();
  await assert.rejects(poller.readable(a.readable), /it is closed/);
  const wait = assert.rejects(poller.readable(b.readable), /the poller is closed/);
  await poller.close();
  await wait;
  await assert.rejects(poller.readable(b.readable), /the poller is closed/);
  for (const fd of [a.writable, b.readable, b.writable]) fd.close();
});
