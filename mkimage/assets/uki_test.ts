import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "../run.ts";
import { isOnPath } from "../tools.ts";
import { efiProgram } from "./testing.ts";
import { makeUki } from "./uki.ts";

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
  const program = makeUki(efiProgram({ free: 3, symbols: 100 }), SECTIONS);
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
  assert.deepEqual(makeUki(efiProgram({ free: 3, symbols: 100 }), SECTIONS), program);
});

Deno.test("makeUki() refuses a stub without room, and what is no stub", () => {
  // Headers are rounded up: here there is room for eleven more.
  assert.throws(
    () =>
      makeUki(
        efiProgram({ free: 0, symbols: 100 }),
        Array.from({ length: 12 }, () => SECTIONS[0]!),
      ),
    /no room for 12 sections/,
  );
  for (
    const bytes of [
      new Uint8Array(),
      new Uint8Array(4096),
      efiProgram({ free: 1, symbols: 100 }).subarray(0, 0x90),
    ]
  ) {
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
      await Deno.writeFile(program, makeUki(efiProgram({ free: 3, symbols: 100 }), SECTIONS));
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
