import assert from "node:assert/strict";
import { cString, environmentStrings, StringVector, textUntilNul } from "./memory.ts";

Deno.test("cString() ends in NUL and refuses one inside", () => {
  assert.deepEqual([...cString("é")], [0xc3, 0xa9, 0]);
  assert.throws(() => cString("/etc\0/passwd"), TypeError);
});

Deno.test("textUntilNul() reads up to the first NUL, or all", () => {
  assert.equal(textUntilNul(new Uint8Array([97, 98, 0, 99])), "ab");
  assert.equal(textUntilNul(new Uint8Array([97, 98])), "ab");
});

Deno.test("StringVector points at each string and ends in NULL", () => {
  const { vector } = new StringVector(["deno", "", "run"]);
  const texts = [...vector.slice(0, -1)].map((address) => {
    const pointer = Deno.UnsafePointer.create(address);
    return pointer === null ? "NULL" : Deno.UnsafePointerView.getCString(pointer);
  });
  assert.deepEqual(texts, ["deno", "", "run"]);
  assert.equal(vector.at(-1), 0n);
});

Deno.test("StringVector of nothing is the NULL alone", () => {
  assert.deepEqual([...new StringVector([]).vector], [0n]);
});

Deno.test("environmentStrings() joins names and values", () => {
  assert.deepEqual(environmentStrings({ A: "1", B: "" }), ["A=1", "B="]);
});
