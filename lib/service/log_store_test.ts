import assert from "node:assert/strict";
import { LogStore } from "./log_store.ts";
import { settle } from "./testing.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

Deno.test("LogStore answers an unknown id with an empty log and makes no buffer for it", () => {
  const logs = new LogStore();
  assert.equal(logs.tail("nosuch").length, 0);
  assert.equal(logs.has("nosuch"), false);
  assert.deepEqual(logs.ids(), []);
});

Deno.test("LogStore.follow() of a log without lines yields the first one when it comes", async () => {
  const logs = new LogStore();
  const over = new AbortController();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const chunk of logs.follow("apid", over.signal, 0)) seen.push(text(chunk));
  })();
  await settle();
  logs.append("other", "not this");
  logs.append("apid", "started");
  await settle();
  logs.append("apid", "listening");
  await settle();
  over.abort();
  await reading;
  assert.deepEqual(seen, ["started\n", "listening\n"]);
});

Deno.test("LogStore hands each line to its mirror", () => {
  const mirrored: string[] = [];
  const logs = new LogStore({ mirror: (id, line) => mirrored.push(`${id}: ${line}`) });
  logs.writer("machined")("hello");
  assert.deepEqual(mirrored, ["machined: hello"]);
});
