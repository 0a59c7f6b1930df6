import assert from "node:assert/strict";
import { readArgs, readSummary } from "./run.ts";

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

Deno.test("readArgs() takes every suite of tier ci where nothing is said, else those named", () => {
  const all = readArgs([]);
  assert.equal(all.tier, "ci");
  assert.deepEqual(all.suites.map(({ name }) => name), [
    ...["unit", "spec", "conformance", "image", "boot"],
  ]);
  const some = readArgs(["boot", "--tier=long", "unit"]);
  assert.equal(some.tier, "long");
  assert.deepEqual(some.suites.map(({ name }) => name), ["unit", "boot"]);
});

Deno.test("readArgs() refuses a suite or a tier that there is not", () => {
  assert.throws(() => readArgs(["bot"]), /Cannot run suite "bot": the suites are unit, spec/);
  assert.throws(() => readArgs(["--tier=slow"]), /Cannot run tier "slow": the tiers are ci, long/);
});

Deno.test("readArgs() names paths that are there, so that no suite is empty by a typo", async () => {
  for (const { paths } of readArgs([]).suites) {
    for (const path of paths) await Deno.stat(new URL(`../${path}`, import.meta.url));
  }
});
