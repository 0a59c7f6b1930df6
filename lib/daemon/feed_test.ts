import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { Feed, followFeed } from "./mod.ts";

const numberOf = (value: unknown): number => {
  if (typeof value !== "number") throw new TypeError("Cannot read value: it is no number");
  return value;
};

Deno.test("followFeed() gets the value of now, then each new one, and comes back after an end", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/feed.sock`;
  const ended = new AbortController();
  const faults: string[] = [];
  const values = followFeed(path, numberOf, (reason) => faults.push(reason), ended.signal);
  const next = async () => (await values.next()).value;
  const first = next();
  const feed = new Feed<unknown>();
  feed.publish(1);
  const server = await feed.serve(path);
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  assert.equal(await first, 1, "it was not there at first");
  feed.publish(1);
  feed.publish("no number");
  feed.publish(2);
  assert.equal(await next(), 2);
  assert.deepEqual(faults, ["TypeError: Cannot read value: it is no number"]);
  await server.close();
  const other = new Feed<number>();
  other.publish(3);
  const again = await other.serve(path);
  assert.equal(await next(), 3);
  const last = next();
  ended.abort();
  assert.equal(await last, undefined);
  await again.close();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("Feed cuts off who does not read, and goes on", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/feed.sock`;
  const feed = new Feed<string>();
  feed.publish("first");
  const server = await feed.serve(path);
  const idle = createConnection(path);
  await new Promise((resolve) => idle.once("connect", resolve));
  const closed = new Promise((resolve) => idle.once("close", resolve));
  idle.once("error", () => {});
  await new Promise((resolve) => idle.once("readable", resolve));
  for (let round = 0; round < 20; round++) feed.publish(`${round}`.repeat(1_000_000));
  idle.resume();
  await closed;
  await server.close();
  await Deno.remove(dir, { recursive: true });
});
