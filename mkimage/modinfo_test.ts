import assert from "node:assert/strict";
import { join } from "node:path";
import { parseModuleInfo } from "./modinfo.ts";
import { run } from "./run.ts";
import { moduleWith, Scratch } from "./testing.ts";
import { isOnPath } from "./tools.ts";

Deno.test("parseModuleInfo() gives dependencies and aliases", () => {
  const module = moduleWith(["license=GPL", "depends=a,b-c", "alias=pci:v1*", "alias=fs-x"]);
  assert.deepEqual(parseModuleInfo(module), {
    depends: ["a", "b-c"],
    before: [],
    aliases: ["pci:v1*", "fs-x"],
  });
});

Deno.test("parseModuleInfo() gives what has to come before, not what follows", () => {
  const before = (softdep: string) => parseModuleInfo(moduleWith([`softdep=${softdep}`])).before;
  assert.deepEqual(before("pre: crc32c"), ["crc32c"]);
  assert.deepEqual(before("pre: a b post: c"), ["a", "b"]);
  assert.deepEqual(before("post: c"), []);
});

Deno.test("parseModuleInfo() takes an empty list of dependencies as none", () => {
  assert.deepEqual(parseModuleInfo(moduleWith(["depends="])), {
    depends: [],
    before: [],
    aliases: [],
  });
});

Deno.test({
  name: "parseModuleInfo() reads what a C compiler wrote (needs gcc)",
  ignore: !await isOnPath("gcc"),
  async fn() {
    await using scratch = await Scratch.make();
    const source = join(scratch.path, "m.c");
    await Deno.writeTextFile(
      source,
      'const char a[] __attribute__((section(".modinfo"), used)) = "depends=x,y";\n' +
        "int padding[1000];\n",
    );
    await run("gcc", ["-c", "-o", join(scratch.path, "m.o"), source]);
    const info = parseModuleInfo(await Deno.readFile(join(scratch.path, "m.o")));
    assert.deepEqual(info.depends, ["x", "y"]);
  },
});

Deno.test("parseModuleInfo() refuses what is no ELF file and one without the section", () => {
  assert.throws(() => parseModuleInfo(new Uint8Array(100)), /not a 64-bit ELF file/);
  const other = moduleWith(["depends="]);
  other[64 + "depends=\0".length + 1] = 0x78;
  assert.throws(() => parseModuleInfo(other), /has no .modinfo section/);
});
