import assert from "node:assert/strict";
import { readIdentity } from "./identity.ts";

const PEM = "-----BEGIN X-----\nAA==\n-----END X-----\n";

Deno.test("readIdentity() reads a line of configuration", () => {
  const identity = { ca: PEM, cert: PEM, key: PEM };
  assert.deepEqual(readIdentity(JSON.stringify({ identity, other: 1 })), identity);
});

for (
  const [line, message] of [
    ["SECRET", /line is not JSON/],
    ["[]", /"identity" is missing/],
    ['{"identity":{"ca":"SECRET"}}', /"ca" is not PEM/],
    [JSON.stringify({ identity: { ca: PEM, cert: PEM } }), /"key" is missing/],
    [JSON.stringify({ identity: { ca: PEM, cert: PEM, key: "SECRET" } }), /"key" is not PEM/],
  ] as const
) {
  Deno.test(`readIdentity() refuses ${line.slice(0, 40)} without repeating it`, () => {
    assert.throws(() => readIdentity(line), (error) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /SECRET|AA==/);
      return true;
    });
  });
}
