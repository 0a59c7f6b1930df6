import assert from "node:assert/strict";
import { VOLUME_HEAD_BYTES, volumeLabel } from "./volume_label.ts";

/** The head of a device with these texts in it. */
function head(parts: Readonly<Record<number, string>>, size = VOLUME_HEAD_BYTES): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const [at, text] of Object.entries(parts)) {
    bytes.set([...text].map((letter) => letter.charCodeAt(0)), Number(at));
  }
  return bytes;
}

for (
  const { name, bytes, want } of [
    {
      name: "an ISO",
      bytes: head({ 32_768: "\x01CD001", 32_808: "metal-iso".padEnd(32) }),
      want: { type: "iso9660", label: "metal-iso" },
    },
    {
      name: "FAT16",
      bytes: head({ 43: "METAL-ISO  ", 54: "FAT16   ", 510: "\x55\xAA" }),
      want: { type: "vfat", label: "METAL-ISO" },
    },
    {
      name: "FAT32",
      bytes: head({ 71: "METAL-ISO  ", 82: "FAT32   ", 510: "\x55\xAA" }),
      want: { type: "vfat", label: "METAL-ISO" },
    },
    { name: "a partition table", bytes: head({ 510: "\x55\xAA" }), want: undefined },
    { name: "a boot record of an ISO", bytes: head({ 32_768: "\0CD001" }), want: undefined },
    { name: "nothing", bytes: head({}, 0), want: undefined },
    { name: "a device that ends early", bytes: head({}, 100), want: undefined },
  ]
) {
  Deno.test(`volumeLabel() reads ${name}`, () => assert.deepEqual(volumeLabel(bytes), want));
}
