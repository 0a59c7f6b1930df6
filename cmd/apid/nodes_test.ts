import assert from "node:assert/strict";
import { nodeAddress, nodeNames } from "./nodes.ts";

for (
  const [header, want] of [
    [undefined, []],
    ["", []],
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    [" a, b ,,a", ["a", "b"]],
    [["a", "b,c"], ["a", "b", "c"]],
  ] as const
) {
  Deno.test(`nodeNames() reads ${JSON.stringify(header)}`, () => {
    assert.deepEqual(nodeNames(typeof header === "object" ? [...header] : header), want);
  });
}

for (
  const [name, host, port] of [
    ["10.5.0.2", "10.5.0.2", 50000],
    ["node-a.example", "node-a.example", 50000],
    ["node-a:50010", "node-a", 50010],
    ["fd00::2", "fd00::2", 50000],
    ["[fd00::2]", "fd00::2", 50000],
    ["[fd00::2]:50010", "fd00::2", 50010],
  ] as const
) {
  Deno.test(`nodeAddress() reads ${name}`, () => {
    assert.deepEqual(nodeAddress(name, 50000), { name, host, port });
  });
}

for (
  const name of [
    "",
    "a b",
    "a:",
    "a:0",
    "a:65536",
    "a:b",
    "[a]",
    "[fd00::2",
    "a/b",
    "a@b",
    "unix:/x",
  ]
) {
  Deno.test(`nodeAddress() refuses "${name}"`, () => {
    assert.throws(() => nodeAddress(name, 50000), SyntaxError);
  });
}
