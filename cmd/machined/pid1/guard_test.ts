import assert from "node:assert/strict";
import { describeError } from "./guard.ts";

Deno.test("guardProcess() survives throws in timers, microtasks and promises", async () => {
  const script = `
    import { guardProcess } from ${JSON.stringify(new URL("./guard.ts", import.meta.url).href)};
    guardProcess((line) => console.log(line.split(" | ")[0]));
    setTimeout(() => { throw new Error("timer"); });
    queueMicrotask(() => { throw new Error("microtask"); });
    Promise.reject(new Error("promise"));
    setTimeout(() => Deno.exit(7), 200);`;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    stderr: "null",
  }).output();
  assert.equal(code, 7);
  const lines = new TextDecoder().decode(stdout).trim().split("\n").toSorted();
  assert.deepEqual(lines, [
    "uncaught error: Error: microtask",
    "uncaught error: Error: timer",
    "unhandled rejection: Error: promise",
  ]);
});

Deno.test("describeError() tells the causes on one bounded line", () => {
  const text = describeError(new Error("outer", { cause: new Error("inner") }));
  assert.match(text, /^Error: outer .*caused by: Error: inner/);
  assert.ok(!text.includes("\n"));
  assert.equal(describeError("x".repeat(5000)).length, 2000);
  assert.equal(describeError(undefined), "");
});
