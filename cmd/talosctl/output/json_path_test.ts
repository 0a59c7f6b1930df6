import assert from "node:assert/strict";
import { jsonPath } from "./json_path.ts";

const SPEC = { running: true, ready: "False", status: { items: [{ id: "x" }] }, none: null };
for (
  const [path, want] of [
    ["{.running}", "true"],
    [".ready", "False"],
    ["{.status.items[0].id}", "x"],
    ["{.status.items[1].id}", ""],
    ["{.none}", ""],
    ["{.missing.deeper}", ""],
    ["{.status}", '{"items":[{"id":"x"}]}'],
  ] as const
) {
  Deno.test(`jsonPath() reads ${path}`, () => assert.equal(jsonPath(SPEC, path), want));
}
