import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "../run.ts";
import { Scratch } from "../testing.ts";
import { isOnPath } from "../tools.ts";
import { BLOCK_BYTES, cdDescriptors, SYSTEM_BLOCKS } from "./iso9660.ts";

const CD = { label: "NODE_1", blocks: 600, bootBlock: 512, epochSeconds: 1_700_000_000 };
const missing = await isOnPath("isoinfo") ? "" : " (skipped: isoinfo is not installed)";

Deno.test({
  name: `cdDescriptors() is what isoinfo reads${missing}`,
  ignore: missing !== "",
  async fn() {
    await using scratch = await Scratch.make();
    const file = join(scratch.path, "cd.iso");
    const bytes = new Uint8Array(CD.blocks * BLOCK_BYTES);
    bytes.set(cdDescriptors(CD), SYSTEM_BLOCKS * BLOCK_BYTES);
    await Deno.writeFile(file, bytes);
    const text = await run("isoinfo", ["-d", "-i", file]);
    assert.match(text, /^Volume id: NODE_1$/m);
    assert.match(text, /^Volume size is: 600$/m);
    assert.match(text, /^El Torito VD version 1 found, boot catalog is in sector 19$/m);
    assert.match(text, /Arch 239 \((EFI|Unknown Arch)\)/);
    assert.match(text, /Boot media 0 \(No Emulation Boot\)/);
    assert.match(text, /Bootoff 200 512$/m);
    const root = await run("isoinfo", ["-l", "-i", file]);
    assert.match(root, /^d.* 2048 Nov 14 2023 \[ +22 02\] +\. *$/m);
  },
});

Deno.test("cdDescriptors() sums its boot catalog to zero", () => {
  const catalog = cdDescriptors(CD).slice(3 * BLOCK_BYTES, 3 * BLOCK_BYTES + 32);
  const words = new Uint16Array(catalog.buffer);
  assert.equal(words.reduce((sum, word) => (sum + word) & 0xffff, 0), 0);
});

Deno.test("cdDescriptors() refuses a label that no CD can have", () => {
  assert.throws(() => cdDescriptors({ ...CD, label: "metal-iso" }), {
    message: 'Cannot make a CD: "metal-iso" is no label of A to Z, digits and _',
  });
});
