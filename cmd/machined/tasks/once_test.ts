import assert from "node:assert/strict";
import { once } from "./once.ts";

Deno.test("once() does the work for who asks first and gives all the same end", async () => {
  let runs = 0;
  const task = once({ name: "count", run: () => void runs++ });
  const { signal } = new AbortController();
  await Promise.all([task.run(signal), task.run(signal)]);
  assert.deepEqual([task.name, runs], ["count", 1]);
  const failing = once({ name: "fail", run: () => Promise.reject(new Error("no ground")) });
  await assert.rejects(async () => await failing.run(signal), /no ground/);
  await assert.rejects(async () => await failing.run(signal), /no ground/);
});
