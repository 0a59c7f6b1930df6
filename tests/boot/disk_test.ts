/**
 * A disk as `mkimage disk` makes it, on a machine with UEFI: it boots by itself and takes what the
 * larger disk has for /var.
 */
import assert from "node:assert/strict";
import { openMedium, readGpt } from "$lib/disk/mod.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing, freshFirmware, makeDisk } from "./disk_image.ts";
import { BOOT_MS, EVENT_MS, type Node, startNode, textOf } from "./node.ts";
import { Talosctl } from "./talosctl.ts";

const DISK_BYTES = 3 * 2 ** 30;
const CALL = { timeoutMs: EVENT_MS };
const unless = await diskMissing();

let directory: string;
let disk: string;
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

function read(path: string): Promise<string> {
  return textOf(node.machine.read({ path }, CALL));
}

bootTest(
  "a disk boots by UEFI into maintenance mode, and takes all that the machine's disk has",
  async () => {
    disk = await makeDisk(directory, DISK_BYTES);
    let yaml = "";
    node = await startNode({
      ...{ disks: [disk], firmware: await freshFirmware(directory), memoryMib: 2048 },
      config: (text) => yaml = text,
    });
    user = await Talosctl.administrator(node);
    await user.file("config.yaml", yaml);
    await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS);
    const disks = await user.print(["disks", "--insecure", "--nodes", node.address]);
    assert.match(disks, /\/dev\/vda .* 3\.2 GB\n/);
    const console = await node.vm.console();
    assert.match(console, /\/dev\/vda: EPHEMERAL has 2\d{3} MB now/);
    assert.match(console, /\/dev\/vda3 is blank and meant for STATE: making the volume/);
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
  await node.vm.until(/(?<!re)boot sequence: done/, BOOT_MS);
  const mounts = await read("/proc/mounts");
  assert.match(mounts, /^\/dev\/vda4 \/var xfs rw,/m);
  assert.match(await read("/proc/cmdline"), / talos\.platform=metal console=tty0 console=ttyS0$/m);
}, { unless });
