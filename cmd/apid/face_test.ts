import assert from "node:assert/strict";
import { readFace } from "./face.ts";

const PEM = "-----BEGIN X-----\nAA==\n-----END X-----\n";

Deno.test("readFace() reads a line of configuration", () => {
  const identity = { ca: PEM, cert: PEM, key: PEM };
  const line = JSON.stringify({ identity, other: 1 });
  assert.deepEqual(readFace(line), { kind: "node", identity });
});

Deno.test("readFace() reads when maintenance begins and ends", () => {
  const identity = { ca: PEM, cert: PEM, key: PEM };
  const line = JSON.stringify({ maintenance: identity });
  assert.deepEqual(readFace(line), { kind: "maintenance", identity });
  assert.deepEqual(readFace('{"maintenance":null}'), { kind: "closed" });
});

for (
  const [line, message] of [
    ["SECRET", /line is not JSON/],
    ["[]", /"identity" is missing/],
    ['{"maintenance":{"ca":"SECRET"}}', /"ca" is not PEM/],
    ['{"identity":{"ca":"SECRET"}}', /"ca" is not PEM/],
    [JSON.stringify({ identity: { ca: PEM, cert: PEM } }), /"key" is missing/],
    [JSON.stringify({ identity: { ca: PEM, cert: PEM, key: "SECRET" } }), /"key" is not PEM/],
  ] as const
) {
  Deno.test(`readFace() refuses ${line.slice(0, 40)} without repeating it`, () => {
    assert.throws(() => readFace(line), (error) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /SECRET|AA==/);
      return true;
    });
  });
}
