import assert from "node:assert/strict";
import { linkedModules, requiredVersion } from "./go_mod.ts";

const GO_MOD = `module example.org/ours

require example.org/alone v1.0.0

require (
	example.org/a v1.2.3
	example.org/a/v2 v2.0.0 // indirect
)
`;

Deno.test("requiredVersion() finds a module in a block and on a line of its own", () => {
  assert.equal(requiredVersion(GO_MOD, "example.org/a"), "v1.2.3");
  assert.equal(requiredVersion(GO_MOD, "example.org/a/v2"), "v2.0.0");
  assert.equal(requiredVersion(GO_MOD, "example.org/alone"), "v1.0.0");
});

Deno.test("requiredVersion() names the module that is not required", () => {
  assert.throws(() => requiredVersion(GO_MOD, "example.org/b"), /no version of example\.org\/b/);
});

Deno.test("linkedModules() lists each module once, a replacement instead of what it replaces", () => {
  const text = [
    "one: go1.26.0",
    "\tpath\texample.org/a/cmd/one",
    "\tmod\texample.org/ours\t(devel)\t",
    "\tdep\texample.org/b\tv0.0.0",
    "\t=>\texample.org/b\tv0.3.0\th1:bbb=",
    "\tdep\texample.org/a\tv1.2.3\th1:aaa=",
    "\tbuild\t-trimpath=true",
    "two: go1.26.0",
    "\tdep\texample.org/a\tv1.2.3\th1:aaa=",
  ];
  assert.deepEqual(linkedModules(text.join("\n")), [
    { path: "example.org/a", version: "v1.2.3", sum: "h1:aaa=" },
    { path: "example.org/b", version: "v0.3.0", sum: "h1:bbb=" },
  ]);
});
