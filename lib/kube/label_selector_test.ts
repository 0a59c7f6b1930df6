import assert from "node:assert/strict";
import { type LabelSelector, selects } from "./label_selector.ts";

const LABELS = { pool: "a", "node-role.kubernetes.io/control-plane": "" };

for (
  const [what, selector, want] of [
    ["every object by an empty selector", {}, true],
    ["a label of that value", { matchLabels: { pool: "a" } }, true],
    ["not a label of another value", { matchLabels: { pool: "b" } }, false],
    ["not by one label of two", { matchLabels: { pool: "a", zone: "x" } }, false],
    ["a value of a list", one("pool", "In", ["b", "a"]), true],
    ["not what lacks the label of a list", one("zone", "In", [""]), false],
    ["what lacks a label whose values are excluded", one("zone", "NotIn", ["x"]), true],
    ["not an excluded value", one("pool", "NotIn", ["a"]), false],
    ["a label without a value", one("node-role.kubernetes.io/control-plane", "Exists"), true],
    ["not by a label that must not be there", one("pool", "DoesNotExist"), false],
    ["what lacks a label that must not be there", one("zone", "DoesNotExist"), true],
  ] as [string, LabelSelector, boolean][]
) {
  Deno.test(`selects() takes ${what}`, () => assert.equal(selects(selector, LABELS), want));
}

function one(key: string, operator: string, values?: string[]): object {
  return { matchExpressions: [{ key, operator, ...(values ? { values } : {}) }] };
}
