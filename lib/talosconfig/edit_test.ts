import assert from "node:assert/strict";
import {
  addContext,
  mergeTalosconfig,
  setEndpoints,
  setNodes,
  Talosconfig,
  useContext,
} from "./mod.ts";

const FILE = `# mine
context: home
contexts:
  home:
    # the rack
    target: 10.0.0.9
    # both control planes
    endpoints:
      - 10.0.0.1
    ca: ${"Y2Ex".repeat(100)}
    cluster: kept # unknown here
`;
const NEW = { endpoints: ["e"], nodes: [], ca: "Y2E=", crt: "Y3J0", key: "a2V5" };

Deno.test("addContext() adds it, makes it current and keeps comments and unknown keys", () => {
  const text = addContext(Talosconfig.parse(FILE), "lab", NEW).toString();
  assert.equal(
    text,
    FILE.replace("context: home", "context: lab") +
      "  lab:\n    endpoints:\n      - e\n    ca: Y2E=\n    crt: Y3J0\n    key: a2V5\n",
  );
});

Deno.test("addContext() starts a file, in block form", () => {
  assert.equal(
    addContext(Talosconfig.empty(), "true", { endpoints: [], nodes: ["n"] }).toString(),
    'context: "true"\ncontexts:\n  "true":\n    endpoints: []\n    nodes:\n      - n\n',
  );
});

Deno.test("addContext() replaces a context of that name", () => {
  const config = addContext(Talosconfig.parse(FILE), "home", NEW);
  assert.deepEqual(config.select("home"), NEW);
  assert.deepEqual(config.names, ["home"]);
});

Deno.test("edits leave the configuration they started from alone", () => {
  const config = Talosconfig.parse(FILE);
  addContext(config, "lab", NEW);
  setNodes(config, ["n"]);
  assert.equal(config.toString(), FILE);
});

Deno.test("useContext() changes one line and refuses what is not there", () => {
  const config = addContext(Talosconfig.parse(FILE), "lab", NEW);
  const used = useContext(config, "home");
  assert.equal(used.toString(), config.toString().replace("context: lab", "context: home"));
  assert.throws(() => useContext(config, "x"), { message: 'context "x" not found in config' });
});

Deno.test("setEndpoints() replaces the list, the legacy target goes with it", () => {
  const config = setEndpoints(Talosconfig.parse(FILE), ["a", "b"]);
  assert.deepEqual(config.select().endpoints, ["a", "b"]);
  assert.doesNotMatch(config.toString(), /target/);
  assert.match(config.toString(), /# both control planes\n {4}endpoints:\n {6}- a\n {6}- b\n/);
});

Deno.test("setNodes() sets the list and takes the key out with an empty one", () => {
  const config = setNodes(Talosconfig.parse(FILE), ["n1", "n2"]);
  assert.deepEqual(config.select().nodes, ["n1", "n2"]);
  assert.equal(setNodes(config, []).toString(), FILE);
});

Deno.test("setNodes() without a current context says so", () => {
  assert.throws(() => setNodes(Talosconfig.empty(), ["n"]), {
    message: 'default context "" not found in config',
  });
});

Deno.test("mergeTalosconfig() renames by index and follows the added current context", () => {
  let base = addContext(Talosconfig.empty(), "foo", NEW);
  const added = Talosconfig.parse(
    "context: foo\ncontexts:\n  foo: # theirs\n    endpoints: [x] # one\n  bar: {}\n",
  );
  const first = mergeTalosconfig(base, added);
  assert.deepEqual(first.renames, [{ from: "foo", to: "foo-1" }]);
  assert.equal(first.config.current, "foo-1");
  assert.deepEqual(first.config.names, ["foo", "foo-1", "bar"]);
  assert.match(first.config.toString(), /# theirs\n[\s\S]*\[ ?x ?\] # one/);
  base = first.config;
  const second = mergeTalosconfig(base, added);
  assert.deepEqual(second.renames, [
    { from: "foo", to: "foo-2" },
    { from: "bar", to: "bar-1" },
  ]);
  assert.deepEqual(second.config.select("foo"), NEW);
});

Deno.test("mergeTalosconfig() gives two added names two new names", () => {
  const base = Talosconfig.parse("contexts: {foo: {}}\n");
  const { config } = mergeTalosconfig(base, Talosconfig.parse("contexts: {foo: {}, foo-1: {}}\n"));
  assert.deepEqual(config.names, ["foo", "foo-1", "foo-1-1"]);
});

Deno.test("mergeTalosconfig() overwrites when asked and keeps the current one without a new", () => {
  const base = addContext(Talosconfig.empty(), "foo", NEW);
  const added = Talosconfig.parse("contexts:\n  foo:\n    endpoints: [x]\n");
  const { config, renames } = mergeTalosconfig(base, added, { overwrite: true });
  assert.deepEqual(renames, []);
  assert.deepEqual(config.select(), { endpoints: ["x"], nodes: [] });
});

Deno.test("mergeTalosconfig() takes anchors along and refuses a bomb of them", () => {
  const base = Talosconfig.empty();
  const one = Talosconfig.parse(
    "contexts:\n  a: &a\n    endpoints: [&e x]\n  b: *a\n  c: {nodes: [*e]}\n",
  );
  const { config } = mergeTalosconfig(base, one);
  const again = Talosconfig.parse(config.toString());
  assert.deepEqual(again.select("b"), { endpoints: ["x"], nodes: [] });
  assert.deepEqual(again.select("c"), { endpoints: [], nodes: ["x"] });

  let bomb = "x0: &x0 [a]\n";
  for (let i = 1; i < 20; i++) {
    bomb += `x${i}: &x${i} [${Array(9).fill(`*x${i - 1}`).join(", ")}]\n`;
  }
  const loop = Talosconfig.parse("contexts:\n  a: &a\n    other: *a\n");
  assert.throws(() => mergeTalosconfig(base, loop), /over 100 aliases/);
  const many = Talosconfig.parse(`${bomb}contexts:\n  a:\n    other: *x19\n`);
  assert.throws(() => mergeTalosconfig(base, many), /Cannot merge context "a": over 100 aliases/);
});
