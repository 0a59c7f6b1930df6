import assert from "node:assert/strict";
import { LineCutter, NodeLines } from "./lines.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("LineCutter gives whole lines, also when a letter is cut in two", () => {
  const cutter = new LineCutter();
  const text = bytes("für\nzwei\ndrei");
  assert.deepEqual(cutter.push(text.subarray(0, 2)), []);
  assert.deepEqual(cutter.push(text.subarray(2)), ["für", "zwei"]);
  assert.deepEqual(cutter.end(), ["drei"]);
  assert.deepEqual(cutter.end(), []);
});

Deno.test("NodeLines keeps the lines of nodes apart", () => {
  const lines = new NodeLines();
  assert.deepEqual(lines.push("a", bytes("one ")), []);
  assert.deepEqual(lines.push("b", bytes("two\nth")), ["b: two"]);
  assert.deepEqual(lines.push("a", bytes("more\n")), ["a: one more"]);
  assert.deepEqual(lines.end(), ["b: th"]);
});
