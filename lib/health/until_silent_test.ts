import assert from "node:assert/strict";
import { untilSilent } from "./mod.ts";

/** Some messages, then nothing until it is aborted. */
function tells(...messages: number[]): (signal: AbortSignal) => AsyncGenerator<number> {
  return async function* (signal) {
    yield* messages;
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
}

Deno.test("untilSilent() ends when nothing comes any more, or nothing came at all", async () => {
  const soon = { firstMs: 10_000, nextMs: 20 };
  assert.deepEqual(await Array.fromAsync(untilSilent(tells(1, 2, 3), soon)), [1, 2, 3]);
  const never = { firstMs: 20, nextMs: 10_000 };
  assert.deepEqual(await Array.fromAsync(untilSilent(tells(), never)), []);
});

Deno.test("untilSilent() passes a failure on", async () => {
  // deno-lint-ignore require-yield
  const broken = async function* (): AsyncGenerator<number> {
    throw new RangeError("broken");
  };
  await assert.rejects(Array.fromAsync(untilSilent(broken)), /broken/);
});

Deno.test("untilSilent() ends a stream that is left", async () => {
  let ended = false;
  const open = (signal: AbortSignal) => {
    signal.addEventListener("abort", () => ended = true);
    return tells(1)(signal);
  };
  for await (const _ of untilSilent(open)) break;
  assert.ok(ended);
});
