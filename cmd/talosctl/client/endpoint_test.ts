import assert from "node:assert/strict";
import { endpointName, parseEndpoint, shuffled } from "./endpoint.ts";

for (
  const [text, host, port, name] of [
    ["10.0.0.1", "10.0.0.1", 50000, "10.0.0.1:50000"],
    ["cluster.example:443", "cluster.example", 443, "cluster.example:443"],
    ["::1", "::1", 50000, "[::1]:50000"],
    ["[fd00::1]:6000", "fd00::1", 6000, "[fd00::1]:6000"],
    ["[fd00::1]", "fd00::1", 50000, "[fd00::1]:50000"],
  ] as const
) {
  Deno.test(`parseEndpoint() reads ${text}`, () => {
    const endpoint = parseEndpoint(text);
    assert.deepEqual(endpoint, { host, port });
    assert.equal(endpointName(endpoint), name);
  });
}
for (const text of ["", ":50000", "host:0", "host:70000", "host:x"]) {
  Deno.test(`parseEndpoint() refuses "${text}"`, () => {
    assert.throws(() => parseEndpoint(text), /^TypeError: Cannot use endpoint/);
  });
}

Deno.test("shuffled() keeps every item and follows chance", () => {
  assert.deepEqual(shuffled([1, 2, 3], () => 0), [2, 3, 1]);
  assert.deepEqual(shuffled([1, 2, 3]).sort(), [1, 2, 3]);
  assert.deepEqual(shuffled([]), []);
});
