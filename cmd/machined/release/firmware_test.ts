import assert from "node:assert/strict";
import { STARTS_VARIABLE } from "$lib/bootloader/mod.ts";
import { bootedSlot, forgetStarts, hasSecureBoot } from "./firmware.ts";

Deno.test("bootedSlot() and hasSecureBoot() read firmware's variables, absent ones too", async () => {
  const directory = await Deno.makeTempDir({ prefix: "efivars-" });
  try {
    assert.equal(bootedSlot(directory), undefined);
    assert.equal(hasSecureBoot(directory), false);
    const loader = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
    const name = Uint16Array.from("slot-b+0-1.conf\0", (character) => character.charCodeAt(0));
    await Deno.writeFile(
      `${directory}/LoaderEntrySelected-${loader}`,
      Uint8Array.of(6, 0, 0, 0, ...new Uint8Array(name.buffer)),
    );
    const secure = `${directory}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`;
    await Deno.writeFile(secure, Uint8Array.of(6, 0, 0, 0, 1));
    assert.equal(bootedSlot(directory), "b");
    assert.equal(hasSecureBoot(directory), true);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("forgetStarts() removes the count and what was to be started next, absent ones too", async () => {
  const directory = await Deno.makeTempDir({ prefix: "efivars-" });
  try {
    await Deno.writeFile(`${directory}/${STARTS_VARIABLE}`, Uint8Array.of(7, 0, 0, 0, 3));
    forgetStarts(directory);
    forgetStarts(directory);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(directory)), []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
