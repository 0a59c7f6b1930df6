import assert from "node:assert/strict";
import { join } from "node:path";
import type { Boot } from "./boot.ts";
import { checkDisk, checkSource, qemuBoot, servedFiles } from "./boot_files.ts";

const NODES = [{ name: "c-master-1" }, { name: "c-worker-1" }];
const configFile = (name: string) => `/state/${name}/config.yaml`;

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "boot-files-test-" });
  try {
    await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("checkSource() says what makes the file that is missing, and which flag names it", async () => {
  for (
    const [source, message] of [
      [
        { kind: "kernel", kernel: "no/k", initrd: "no/i" },
        'Cannot find the kernel "no/k": build the image with "deno task image" or set --vmlinuz-path',
      ],
      [
        { kind: "iso", path: "no/cd" },
        'Cannot find the CD "no/cd": make it with "deno task iso" or set --iso-path',
      ],
      [
        { kind: "pxe", directory: "no" },
        'Cannot find the script for iPXE "no/boot.ipxe": make it with "deno task pxe" or set --pxe',
      ],
    ] as const
  ) await assert.rejects(checkSource(Deno, source), { message });
});

Deno.test("checkDisk() wants room for an installation, and for all of the image", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "disk");
    const disk: Boot = {
      source: { kind: "disk", path },
      handOver: "applied",
      uefi: true,
      bootloader: true,
    };
    const check = (diskMib: number, boot = disk) => checkDisk(Deno, { boot, diskMib });
    await Deno.writeFile(path, new Uint8Array());
    await Deno.truncate(path, 2000 * 2 ** 20);
    await check(2000);
    await assert.rejects(check(1999), {
      message: `Cannot copy "${path}" to a disk of 1999 MB: set --disk to 2000 or more`,
    });
    await assert.rejects(check(1000), {
      message: "Cannot install to a disk of 1000 MB: set --disk to 1024 or more",
    });
    await check(100, { ...disk, source: { kind: "iso", path }, bootloader: false });
    await Deno.writeFile(path, new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]));
    await assert.rejects(check(2000), {
      message: `Cannot use --disk-image-path "${path}": it is compressed: unpack it with ` +
        '"xz --decompress --keep" first',
    });
  });
});

Deno.test("servedFiles() are each machine's own configuration behind a secret path", async () => {
  const source = { kind: "kernel", kernel: "k", initrd: "i" } as const;
  const boot = { source, handOver: "served" } as const;
  const { files, start } = await servedFiles({ files: Deno }, boot, NODES, configFile);
  for (const { name } of NODES) {
    assert.match(start(name), /^\/[0-9a-f-]{36}\/config\.yaml$/);
    assert.equal(files[start(name)], configFile(name));
  }
  assert.equal(new Set(Object.keys(files)).size, 2);
});

Deno.test("servedFiles() are none for a kernel whose machine is given its configuration", async () => {
  const source = { kind: "kernel", kernel: "k", initrd: "i" } as const;
  for (const handOver of ["applied", "left"] as const) {
    const boot = { source, handOver };
    const { files, start } = await servedFiles({ files: Deno }, boot, NODES, configFile);
    assert.deepEqual([files, start("c-master-1")], [{}, ""]);
  }
});

Deno.test("servedFiles() are what iPXE asks for, and no configuration", async () => {
  await inDirectory(async (directory) => {
    for (const name of ["boot.ipxe", "vmlinuz-amd64", "two words"]) {
      await Deno.writeTextFile(join(directory, name), "");
    }
    const source = { kind: "pxe", directory } as const;
    const boot = { source, handOver: "applied" } as const;
    const { files, start } = await servedFiles({ files: Deno }, boot, NODES, configFile);
    assert.deepEqual(files, {
      "/pxe/boot.ipxe": join(directory, "boot.ipxe"),
      "/pxe/vmlinuz-amd64": join(directory, "vmlinuz-amd64"),
    });
    assert.equal(start("c-master-1"), "/pxe/boot.ipxe");
  });
});

Deno.test("qemuBoot() gives a kernel its command line, and iPXE its script", () => {
  const at = { url: "http://10.0.2.2:1/x", cmdline: "a b" };
  const kernel = { kind: "kernel", kernel: "/k", initrd: "/i" } as const;
  assert.deepEqual(qemuBoot(kernel, at), { ...kernel, cmdline: "a b" });
  assert.deepEqual(qemuBoot({ kind: "pxe", directory: "/p" }, at), {
    ...{ kind: "pxe", script: at.url },
  });
  assert.deepEqual(qemuBoot({ kind: "disk", path: "/d" }, at), { kind: "disk", image: "/d" });
});
