import assert from "node:assert/strict";
import { basename, dirname } from "node:path/posix";
import { exists, lacksProgram, output, rootTest } from "$ffi/testing.ts";
import { deviceLinks } from "$lib/disk/mod.ts";
import { blockFacts } from "./block_facts.ts";

const HOST = { sys: "/sys", dev: "/dev" };
const missing = lacksProgram("udevadm", "losetup", "sgdisk", "addpart", "unshare");

/** The links that udev's own rules give a device, found without touching the host's /dev or /run. */
async function udevLinks(name: string): Promise<string[]> {
  const dir = await Deno.makeTempDir();
  // Of a partition udev knows first what it found of the disk.
  const path = await Deno.realPath(`/sys/class/block/${name}`);
  const disk = exists(`${path}/partition`) ? basename(dirname(path)) : name;
  const test = (of: string) => `udevadm test /sys/class/block/${of} 2>/dev/null`;
  const script = `cd /dev && cp -a null ${disk} ${disk === name ? "" : name} ${dir} &&
    mount --bind ${dir} /dev && mount -t tmpfs run /run && mkdir /run/udev &&
    { ${disk === name ? "" : `${test(disk)} >&2;`} ${test(name)}; }`;
  try {
    const said = await output("unshare", ["--mount", "sh", "-c", script]);
    const links = /^DEVLINKS=(.*)$/m.exec(said)?.[1] ?? "";
    return links.split(" ").filter((link) => link.startsWith("/dev/disk/"))
      .map((link) => link.replace("/dev/", "")).sort();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function ownLinks(name: string): Promise<string[]> {
  const facts = (await blockFacts(HOST, () => {})).find((device) => device.name === name);
  assert.ok(facts, `${name} was not found`);
  return deviceLinks(facts).sort();
}

/** A loop device over a file of 512 MiB, most of it holes, that `make` filled. */
async function withLoop(
  make: (path: string) => Promise<unknown>,
  run: (name: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  await Deno.truncate(path, 512 << 20);
  await make(path);
  const loop = (await output("losetup", ["--find", "--show", "--partscan", path])).trim();
  try {
    await run(loop.replace("/dev/", ""));
  } finally {
    await output("losetup", ["--detach", loop]);
    await Deno.remove(path);
  }
}

const FILESYSTEMS: readonly { program: string; args: string[] }[] = [
  { program: "mkfs.ext4", args: ["-q", "-L", "daten für uns"] },
  { program: "mkfs.vfat", args: ["-n", "EFI BOOT"] },
  { program: "mkfs.vfat", args: ["-F", "32"] },
  { program: "mkfs.xfs", args: ["-q", "-L", "EPHEMERAL"] },
  { program: "mkfs.btrfs", args: ["-q", "-L", "a/b c"] },
  { program: "mkswap", args: ["-q", "-L", "swap#1"] },
  {
    program: "cryptsetup",
    args: ["luksFormat", "-q", "--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000", "--label=vault"],
  },
];

for (const { program, args } of FILESYSTEMS) {
  rootTest(
    `blockFacts() finds the links that udev gives ${program} ${args.join(" ")}`,
    async () => {
      const key = await Deno.makeTempFile();
      await Deno.writeTextFile(key, "a key of a test");
      const more = program === "cryptsetup" ? [key] : [];
      await withLoop((path) => output(program, [...args, path, ...more]), async (name) => {
        const own = await ownLinks(name);
        assert.deepEqual(own, await udevLinks(name));
        assert.ok(own.some((link) => link.startsWith("disk/by-uuid/")), own.join());
      });
      await Deno.remove(key);
    },
    missing ?? lacksProgram(program),
  );
}

rootTest("blockFacts() finds the links that udev gives partitions", async () => {
  const table = [
    "-n",
    "1:2048:18431",
    "-c",
    "1:EFI system",
    "-n",
    "2:18432:51199",
    "-c",
    "2:STATE",
  ];
  await withLoop((path) => output("sgdisk", [...table, path]), async (name) => {
    // Not every kernel reads tables by itself.
    for (const part of ["1 2048 16384", "2 18432 32768"]) {
      await output("addpart", [`/dev/${name}`, ...part.split(" ")]).catch(() => {});
    }
    const names = [name, `${name}p1`, `${name}p2`];
    assert.ok((await ownLinks(`${name}p1`)).includes("disk/by-partlabel/EFI\\x20system"));
    for (const name of names) assert.deepEqual(await ownLinks(name), await udevLinks(name), name);
  });
}, missing);

rootTest("blockFacts() finds the links that udev gives the disks of this host", async () => {
  const names = (await Array.fromAsync(Deno.readDir("/sys/class/block"))).map(({ name }) => name)
    .filter((name) => /^(vd|nvme|sd)/.test(name));
  for (const name of names) {
    if ((await Deno.readTextFile(`/sys/class/block/${name}/size`)).trim() === "0") continue;
    assert.deepEqual(await ownLinks(name), await udevLinks(name), name);
  }
}, missing);
