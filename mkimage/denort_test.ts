import assert from "node:assert/strict";
import { cutDenort } from "./denort.ts";

Deno.test("cutDenort() gives what stands before the appended part", () => {
  const file = new Uint8Array(10 + 20);
  file.fill(7, 0, 10);
  new DataView(file.buffer).setBigUint64(22, 20n, true);
  assert.deepEqual(cutDenort(file), new Uint8Array(10).fill(7));
});

Deno.test("cutDenort() refuses a length that is not within the file", () => {
  for (const length of [0n, 30n, 1n << 60n]) {
    const file = new Uint8Array(30);
    new DataView(file.buffer).setBigUint64(22, length, true);
    assert.throws(() => cutDenort(file), /bytes were appended/);
  }
  assert.throws(() => cutDenort(new Uint8Array(3)), RangeError);
});
