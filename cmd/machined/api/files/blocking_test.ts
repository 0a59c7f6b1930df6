import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { BlockingCalls } from "./blocking.ts";

const forever = () => new Promise<never>(() => {});

function late(promise: Promise<unknown>): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, Code.DeadlineExceeded);
    assert.equal(error.rawMessage, 'Cannot read "/x": no answer within 30 ms');
    return true;
  });
}

Deno.test("BlockingCalls tells when an operation does not answer, and keeps its place", async () => {
  const calls = new BlockingCalls({ deadlineMs: 30, maximum: 2 });
  await Promise.all([late(calls.run('read "/x"', forever)), late(calls.run('read "/x"', forever))]);
  assert.equal(calls.running, 2);
  let started = false;
  await late(calls.run('read "/x"', () => {
    started = true;
    return Promise.resolve();
  }));
  assert.equal(started, false, "no third operation while two hang");
});

Deno.test("BlockingCalls hands a late result to onLate and then has the place again", async () => {
  const calls = new BlockingCalls({ deadlineMs: 30, maximum: 1 });
  const slow = Promise.withResolvers<string>();
  const closed: string[] = [];
  await late(calls.run('read "/x"', () => slow.promise, (value) => closed.push(value)));
  slow.resolve("handle");
  assert.equal(await calls.run("go on", () => Promise.resolve(7)), 7);
  assert.deepEqual(closed, ["handle"]);
  assert.equal(calls.running, 0);
});

Deno.test("BlockingCalls runs what waits in order, and passes rejections and throws on", async () => {
  const calls = new BlockingCalls({ maximum: 1 });
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((n) =>
    calls.run("count", () => {
      order.push(n);
      return Promise.resolve();
    })
  ));
  assert.deepEqual(order, [1, 2, 3]);
  await assert.rejects(calls.run("fail", () => Promise.reject(new Error("a"))), /a/);
  await assert.rejects(
    calls.run("fail", () => {
      throw new Error("b");
    }),
    /b/,
  );
  assert.equal(calls.running, 0);
});
