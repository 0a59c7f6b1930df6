import assert from "node:assert/strict";
import { Talosconfig } from "./mod.ts";

const FILE = `# mine
context: home
contexts:
    home: # the rack
        target: 10.0.0.9
        endpoints:
            - 10.0.0.1
            - cp.example
        nodes: [10.0.0.2]
        ca: Y2E=
        crt: Y3J0
        key: a2V5
        cluster: kept # unknown here
    123:
        endpoints: []
`;

Deno.test("Talosconfig reads contexts, the legacy target among the endpoints", () => {
  const config = Talosconfig.parse(FILE);
  assert.equal(config.current, "home");
  assert.deepEqual(config.names, ["home", "123"]);
  assert.deepEqual(config.select(), {
    endpoints: ["10.0.0.1", "cp.example", "10.0.0.9"],
    nodes: ["10.0.0.2"],
    ca: "Y2E=",
    crt: "Y3J0",
    key: "a2V5",
  });
  assert.deepEqual(config.select("123"), { endpoints: [], nodes: [] });
});

for (const text of ["", "# nothing\n", "---\n", "contexts:\n", "context: ''\ncontexts: {}\n"]) {
  Deno.test(`Talosconfig reads ${JSON.stringify(text)} as no contexts`, () => {
    const config = Talosconfig.parse(text);
    assert.deepEqual([config.current, config.names], ["", []]);
  });
}

Deno.test("Talosconfig.select() says which context is missing in the contract's words", () => {
  const config = Talosconfig.parse("context: gone\ncontexts: {}\n");
  assert.throws(() => config.select("x"), { message: 'context "x" not found in config' });
  assert.throws(() => config.select(), { message: 'default context "gone" not found in config' });
  const none = (): unknown => Talosconfig.empty().select();
  assert.throws(none, { message: 'default context "" not found in config' });
});

const BAD: [string, RegExp][] = [
  ["- a\n", /Cannot read talosconfig: it is not a mapping/],
  ["contexts: [a]\n", /contexts is not a mapping/],
  ["contexts: {a: b}\n", /context "a" is not a mapping/],
  ["contexts: {a: {endpoints: x}}\n", /contexts\.a\.endpoints is not a list/],
  ["contexts: {a: {nodes: [[x]]}}\n", /an entry of contexts\.a\.nodes is not a string/],
  ["contexts: {a: {ca: {}}}\n", /contexts\.a\.ca is not a string/],
  ["context: [\n", /Cannot read talosconfig: .* line 2/],
  ["context: a\ncontext: b\n", /key "context" is there twice/],
  ["contexts: {a: {}, a: {}}\n", /key "a" is there twice/],
  ["contexts: {a: {nodes: [x], nodes: []}}\n", /key "nodes" is there twice/],
  [`# ${"x".repeat(1 << 20)}`, /it is over 1048576 characters/],
];
for (const [text, message] of BAD) {
  Deno.test(`Talosconfig.parse() refuses ${JSON.stringify(text).slice(0, 40)}`, () => {
    assert.throws(() => Talosconfig.parse(text), (error: Error) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("Talosconfig follows aliases", () => {
  const text = "contexts:\n  a: &a\n    endpoints: [&e x]\n    nodes: [*e]\n  b: *a\n";
  const config = Talosconfig.parse(text);
  assert.deepEqual(config.select("b"), { endpoints: ["x"], nodes: ["x"] });
});
