import assert from "node:assert/strict";
import { benchmarkNames, labelled } from "./_benchmarks.ts";

Deno.test("benchmarkNames() takes what can be run, in order", () => {
  const files = ["state.ts", "_measure.ts", "api.ts", "main.ts", "api_test.ts", "grpcgo"];
  assert.deepEqual(benchmarkNames(files), ["api", "state"]);
});

Deno.test("labelled() puts the name into a JSON object and passes over all else", () => {
  assert.equal(labelled("api", '{"calls":5}'), '{"bench":"api","calls":5}');
  for (const line of ["", "warming up", "5", "null", "[1]"]) {
    assert.equal(labelled("api", line), undefined);
  }
});
