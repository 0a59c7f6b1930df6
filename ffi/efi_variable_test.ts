import assert from "node:assert/strict";
import { readEfiVariable, removeEfiVariable, writeEfiVariable } from "./efi_variable.ts";
import { output, rootTest } from "./testing.ts";

const NAME = "Number-0e4c1f0a-6f7d-4f0e-9d55-3a7c8a1b62d4";

async function inDirectory(work: (directory: string) => Promise<void> | void): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "efi-variable-test-" });
  try {
    await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("writeEfiVariable() keeps a value that readEfiVariable() gives back, and replaces it", () =>
  inDirectory((directory) => {
    assert.equal(readEfiVariable(NAME, directory), undefined);
    for (const value of [Uint8Array.of(1), Uint8Array.of(2)]) {
      writeEfiVariable(NAME, value, directory);
      assert.deepEqual(readEfiVariable(NAME, directory), value);
    }
    const bytes = Deno.readFileSync(`${directory}/${NAME}`);
    assert.deepEqual([...bytes], [7, 0, 0, 0, 2], "attributes before the value");
  }));

Deno.test("removeEfiVariable() forgets a variable, and needs none", () =>
  inDirectory((directory) => {
    writeEfiVariable(NAME, Uint8Array.of(1), directory);
    removeEfiVariable(NAME, directory);
    removeEfiVariable(NAME, directory);
    assert.equal(readEfiVariable(NAME, directory), undefined);
  }));

rootTest(
  "writeEfiVariable() and removeEfiVariable() change what is guarded by chattr +i",
  () =>
    inDirectory(async (directory) => {
      const path = `${directory}/${NAME}`;
      writeEfiVariable(NAME, Uint8Array.of(1), directory);
      await output("chattr", ["+i", path]);
      writeEfiVariable(NAME, Uint8Array.of(2), directory);
      await output("chattr", ["+i", path]);
      removeEfiVariable(NAME, directory);
      assert.equal(readEfiVariable(NAME, directory), undefined);
    }),
);
