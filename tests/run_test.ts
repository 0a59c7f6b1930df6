import assert from "node:assert/strict";
import { readSummary } from "./run.ts";

Deno.test("readSummary() reads the counts of a run, with and without colours and skips", () => {
  assert.deepEqual(readSummary("\nok | 12 passed | 0 failed (8ms)\n"), {
    passed: 12,
    failed: 0,
    skipped: 0,
  });
  assert.deepEqual(
    readSummary("\n\x1b[0m\x1b[31mFAILED\x1b[0m | 3 passed (2 steps) | 1 failed | 4 ignored (1s)"),
    { passed: 3, failed: 1, skipped: 4 },
  );
  assert.equal(readSummary("nothing"), undefined);
});
