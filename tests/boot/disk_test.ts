/**
 * A disk as `mkimage disk` makes it, on a machine with UEFI: it boots by itself, takes what the larger
 * disk has for /var, and ends what a power cut has left half done. A second disk is of the user.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { formatNoted, noteWipe, openMedium, readGpt } from "$lib/disk/mod.ts";
import { blankDisk } from "./blank_disk.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing, freshFirmware, makeDisk, openPartition } from "./disk_image.ts";
import { BOOTED } from "./disk_node.ts";
import { BOOT_MS, EVENT_MS, type Node, startNode, textOf } from "./node.ts";
import { Talosctl } from "./talosctl.ts";

const DISK_BYTES = 3 * 2 ** 30;
const CALL = { timeoutMs: EVENT_MS };
const unless = await diskMissing();

let directory: string;
let disk: string;
let second: string;
let node: Node;
let user: Talosctl;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "disk-test-" });
});

Deno.test.afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** Has the power go in the middle of formatting STATE. */
async function cutFormattingOff(): Promise<void> {
  await using state = await openPartition(disk, "STATE");
  const cut = formatNoted(state, "STATE", async (bytes) => {
    await state.write(0, new TextEncoder().encode("XFSB"));
    await state.write(bytes / 2, new Uint8Array(4096).fill(7));
    throw new Error("no power");
  });
  await assert.rejects(cut, /no power/);
}

/** Has the second disk partitioned; it is named as the links of disks have it. */
function withSecondDisk(yaml: string): string {
  const document = parseDocument(yaml);
  const partitions = [
    { size: "128 MiB", mountpoint: "/var/mnt/small" },
    { mountpoint: "/var/mnt/rest" },
  ];
  const device = "/dev/disk/by-path/virtio-pci-0000:00:05.0";
  document.setIn(["machine", "disks"], [{ device, partitions }]);
  return document.toString();
}

function read(path: string): Promise<string> {
  return textOf(node.machine.read({ path }, CALL));
}

bootTest(
  "a disk boots by UEFI into maintenance mode, takes all that the machine's disk has, and ends a formatting",
  async () => {
    disk = await makeDisk(directory, DISK_BYTES);
    second = join(directory, "second.raw");
    await blankDisk(second, 2 ** 30);
    await cutFormattingOff();
    let yaml = "";
    node = await startNode({
      ...{ disks: [disk, second], firmware: await freshFirmware(directory), memoryMib: 2048 },
      config: (text) => yaml = withSecondDisk(text),
    });
    user = await Talosctl.administrator(node);
    await user.file("config.yaml", yaml);
    await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS);
    const disks = await user.print(["disks", "--insecure", "--nodes", node.address]);
    assert.match(disks, /\/dev\/vda .* 3\.2 GB\n/);
    const console = await node.vm.console();
    assert.match(console, /\/dev\/vda: EPHEMERAL has 2\d{3} MB now/);
    assert.match(console, /\/dev\/vda3 is half made, since that was cut off: making the volume/);
    await using medium = await openMedium(disk);
    const reading = await readGpt(medium);
    assert.equal(reading?.fault, undefined);
    assert.equal(reading?.gpt.partitions.at(-1)?.lastSector, DISK_BYTES / 512 - 2048 - 1);
  },
  { unless, bringsUp: true },
);

bootTest("a configuration makes it a node with /var on EPHEMERAL", async () => {
  const insecure = ["--insecure", "--nodes", node.address];
  await user.print(["apply-config", ...insecure, "--file", "config.yaml"]);
  await node.ready();
  await node.vm.until(BOOTED, BOOT_MS);
  assert.match(await node.vm.console(), /\/dev\/vda4 is blank: making it the volume of \/var/);
  const mounts = await read("/proc/mounts");
  assert.match(mounts, /^\/dev\/vda4 \/var xfs rw,/m);
  assert.match(mounts, /^\/dev\/vdb1 \/var\/mnt\/small xfs rw,.*noatime/m);
  assert.match(await user.print(["mounts"]), / \/dev\/vdb2 .* \/var\/mnt\/rest$/m);
  assert.match(
    await read("/proc/cmdline"),
    / talos\.platform=metal console=tty0 console=ttyS0 pti=auto$/m,
  );
}, { unless });

bootTest(
  "the next boot keeps what is on the disk, and ends a wiping that was cut off",
  async () => {
    await user.print(["shutdown"]);
    await node.vm.off(BOOT_MS);
    await node[Symbol.asyncDispose]();
    {
      await using ephemeral = await openPartition(disk, "EPHEMERAL");
      await noteWipe(ephemeral);
    }
    node = await startNode({
      ...{ disks: [disk, second], firmware: await freshFirmware(directory), memoryMib: 2048 },
    });
    await node.vm.until(BOOTED, BOOT_MS);
    const console = await node.vm.console();
    assert.match(console, /\/dev\/vda4 was being wiped when that was cut off: going on with it/);
    assert.match(console, /\/dev\/vda4 is wiped[\s\S]*\/dev\/vda4 is blank: making it the volume/);
    assert.match(console, /\/var\/mnt\/rest is on \/dev\/vdb2/);
    assert.doesNotMatch(console, /\/dev\/vdb.*: making the filesystem/);
    assert.doesNotMatch(console, /maintenance mode|\/dev\/vda3 .*: making the volume/);
  },
  { unless },
);
