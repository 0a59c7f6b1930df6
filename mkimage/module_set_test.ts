import assert from "node:assert/strict";
import { join } from "node:path";
import { findModules, indexModules, type KernelModules, orderedFiles } from "./module_set.ts";
import { allowedModules, EARLY_MODULES } from "./modules.ts";
import { moduleWith, Scratch } from "./testing.ts";

async function kernel(scratch: Scratch): Promise<KernelModules> {
  const modules: Record<string, string[]> = {
    "drivers/virtio/virtio.ko": ["depends="],
    "drivers/virtio/virtio_pci.ko": ["depends=virtio,virtio-ring", "alias=pci:v1AF4*"],
    "drivers/virtio/virtio-ring.ko": ["depends=virtio,crc32"],
    "fs/xfs/xfs.ko": ["depends=libcrc32c", "alias=fs-xfs"],
    "lib/libcrc32c.ko": ["depends=", "softdep=pre: crc32c gone"],
    "crypto/crc32c_generic.ko": ["depends=", "alias=crypto-crc32c", "alias=crc32c"],
    "fs/unwanted.ko": ["depends="],
  };
  for (const [file, info] of Object.entries(modules)) {
    const path = join(scratch.path, "kernel", file);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeFile(path, moduleWith(info));
  }
  await Deno.writeTextFile(join(scratch.path, "modules.builtin"), "kernel/lib/crc32.ko\n");
  return await findModules(scratch.path);
}

Deno.test("indexModules() takes what is asked for and what that needs, not what is built in", async () => {
  await using scratch = await Scratch.make();
  const index = await indexModules(await kernel(scratch), ["virtio-pci", "xfs", "absent"], [
    "xfs",
    "absent",
  ]);
  assert.deepEqual(index.modules.libcrc32c?.depends, ["crc32c_generic"], "found by its alias");
  assert.deepEqual(Object.keys(index.modules), [
    "crc32c_generic",
    "libcrc32c",
    "virtio",
    "virtio_pci",
    "virtio_ring",
    "xfs",
  ]);
  assert.deepEqual(index.modules.virtio_ring?.depends, ["virtio"]);
  assert.deepEqual(index.modules.virtio_pci?.aliases, ["pci:v1AF4*"]);
  assert.deepEqual(index.modules.xfs?.aliases, [], "a file system is no device");
  assert.deepEqual(index.always, ["xfs"]);
});

Deno.test("orderedFiles() puts each module behind what it needs", async () => {
  await using scratch = await Scratch.make();
  const index = await indexModules(await kernel(scratch), ["virtio_pci"], []);
  assert.deepEqual(orderedFiles(index, ["virtio_pci", "absent"]), [
    "kernel/drivers/virtio/virtio.ko",
    "kernel/drivers/virtio/virtio-ring.ko",
    "kernel/drivers/virtio/virtio_pci.ko",
  ]);
});

Deno.test("EARLY_MODULES opens with the watchdog", () => {
  assert.equal(EARLY_MODULES[0], "i6300esb");
});

Deno.test("allowedModules() names each module once", () => {
  const names = allowedModules().map((name) => name.replaceAll("-", "_"));
  assert.equal(new Set(names).size, names.length);
});
