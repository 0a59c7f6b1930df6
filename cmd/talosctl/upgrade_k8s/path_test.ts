import assert from "node:assert/strict";
import { parseRelease, pathFault } from "./path.ts";

for (
  const [from, to, want] of [
    ["1.35.3", "1.35.4", undefined],
    ["v1.35.4", "1.35.3", undefined],
    ["1.34.9", "1.35.0", undefined],
    ["1.33.1", "1.35.0", /"1.33.1" -> "1.35.0": upgrade to 1.34 first/],
    ["1.35.0", "1.34.9", /cannot go back to an earlier minor/],
    ["1.35.0", "2.0.0", /this release runs Kubernetes 1.34, 1.35/],
    ["1.35.0", "1.36.0", /this release runs Kubernetes 1.34, 1.35/],
  ] as const
) {
  Deno.test(`pathFault() judges ${from} -> ${to}`, () => {
    const fault = pathFault(parseRelease(from), parseRelease(to), ["1.34", "1.35"]);
    if (want) assert.match(fault ?? "", want);
    else assert.equal(fault, undefined);
  });
}

for (const text of ["1.35", "", "latest", "1.35.4-rc.1", "1.35.4.5"]) {
  Deno.test(`parseRelease() refuses "${text}"`, () => {
    assert.throws(() => parseRelease(text), { name: "TypeError", message: /not like 1.35.4/ });
  });
}
