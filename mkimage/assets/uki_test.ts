import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "../run.ts";
import { isOnPath } from "../tools.ts";
import { makeUki } from "./uki.ts";

/** A small EFI program: headers with room for `free` more sections, and one section of code. */
function stub(free: number): Uint8Array<ArrayBuffer> {
  const headerBytes = Math.ceil((0x188 + 40 * (1 + free)) / 0x200) * 0x200;
  const bytes = new Uint8Array(headerBytes + 0x200 + 100);
  const view = new DataView(bytes.buffer);
  const at = (offset: number, value: number) => view.setUint32(offset, value, true);
  view.setUint16(0, 0x5a4d, true);
  at(0x3c, 0x80);
  at(0x80, 0x4550);
  view.setUint16(0x84, 0x8664, true);
  view.setUint16(0x86, 1, true);
  view.setUint16(0x94, 240, true);
  view.setUint16(0x96, 0x206, true);
  const optional = 0x98;
  view.setUint16(optional, 0x20b, true);
  for (
    const [offset, value] of [[20, 0x1000], [32, 0x200], [36, 0x200], [56, 0x1200]]
      .concat([[60, headerBytes], [64, 0xdead], [108, 16]]) as [number, number][]
  ) at(optional + offset, value);
  view.setUint16(optional + 68, 10, true);
  const section = optional + 240;
  bytes.set(new TextEncoder().encode(".text"), section);
  for (
    const [offset, value] of [[8, 0x10], [12, 0x1000], [16, 0x200], [20, headerBytes]]
      .concat([[36, 0x6000_0020]]) as [number, number][]
  ) at(section + offset, value);
  bytes.fill(0x90, headerBytes, headerBytes + 0x200);
  // Symbols behind the sections.
  bytes.fill(0x53, headerBytes + 0x200);
  return bytes;
}

const SECTIONS = [
  { name: ".cmdline", content: new TextEncoder().encode("quiet panic=10") },
  { name: ".linux", content: new Uint8Array(5000).fill(1) },
  { name: ".initrd", content: new Uint8Array(10_000).fill(2) },
];

/** The content of a section, read the way a loader does. */
function sectionOf(program: Uint8Array, wanted: string): { address: number; content: Uint8Array } {
  const view = new DataView(program.buffer);
  for (let i = 0; i < view.getUint16(0x86, true); i++) {
    const at = 0x98 + 240 + 40 * i;
    const name = new TextDecoder().decode(program.subarray(at, at + 8)).replace(/\0.*$/s, "");
    if (name !== wanted) continue;
    const from = view.getUint32(at + 20, true);
    const size = view.getUint32(at + 8, true);
    return {
      address: view.getUint32(at + 12, true),
      content: program.subarray(from, from + size),
    };
  }
  throw new Error(`there is no section ${wanted}`);
}

Deno.test("makeUki() adds sections that start on pages of their own and do not overlap", () => {
  const program = makeUki(stub(3), SECTIONS);
  let end = 0x1200;
  for (const { name, content } of SECTIONS) {
    const found = sectionOf(program, name);
    assert.deepEqual(found.content, content);
    assert.equal(found.address % 4096, 0);
    assert.ok(found.address >= end);
    end = found.address + content.length;
  }
  const view = new DataView(program.buffer);
  assert.ok(view.getUint32(0x98 + 56, true) >= end);
  assert.equal(view.getUint32(0x98 + 64, true), 0);
  assert.ok(sectionOf(program, ".text").content.every((byte) => byte === 0x90));
  assert.deepEqual(makeUki(stub(3), SECTIONS), program);
});

Deno.test("makeUki() refuses a stub without room, and what is no stub", () => {
  // Headers are rounded up: here there is room for eleven more.
  assert.throws(
    () => makeUki(stub(0), Array.from({ length: 12 }, () => SECTIONS[0]!)),
    /no room for 12 sections/,
  );
  for (const bytes of [new Uint8Array(), new Uint8Array(4096), stub(1).subarray(0, 0x90)]) {
    assert.throws(() => makeUki(bytes, SECTIONS), /the stub is no EFI program/);
  }
});

Deno.test({
  name: "makeUki() makes what objcopy takes apart (needs objcopy)",
  ignore: !await isOnPath("objcopy"),
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "uki-" });
    try {
      const [program, content] = [join(directory, "program.efi"), join(directory, "content")];
      await Deno.writeFile(program, makeUki(stub(3), SECTIONS));
      for (const section of SECTIONS) {
        await run("objcopy", [
          ...["-O", "binary", "--only-section", section.name, "-I", "pei-x86-64"],
          ...["--set-section-flags", `${section.name}=alloc,load,contents`, program, content],
        ]);
        const taken = await Deno.readFile(content);
        assert.deepEqual(taken.subarray(0, section.content.length), section.content);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
