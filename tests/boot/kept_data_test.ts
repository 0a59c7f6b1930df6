/**
 * What of a disk is kept and what is wiped: by a staged upgrade, by an upgrade that preserves nothing,
 * by resets of one partition and of the whole disk. One machine, with a CD for when its disk is empty.
 */
import assert from "node:assert/strict";
import { openMedium, readGpt } from "$lib/disk/mod.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing, makeCd, openPartition } from "./disk_image.ts";
import { BOOTED, type DiskNode, startDiskNode } from "./disk_node.ts";
import { BOOT_MS } from "./node.ts";
import { upgraded } from "./upgraded.ts";

const long = { unless: await diskMissing(), tier: "long" } as const;

let directory: string;
let machine: DiskNode;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "kept-data-test-" });
});

Deno.test.afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** The identity of the filesystem in a partition: it is another one once the partition was wiped. */
async function filesystemId(label: string): Promise<string> {
  await using partition = await openPartition(machine.disk, label);
  const superblock = await partition.read(0, 48);
  assert.equal(new TextDecoder().decode(superblock.subarray(0, 4)), "XFSB", label);
  return superblock.subarray(32).toHex();
}

bootTest("a node runs from its disk and has a CD beside it", async () => {
  const cd = await makeCd(directory);
  machine = await startDiskNode(directory, {
    ...{ sizeBytes: 3 * 2 ** 30, kernelArguments: ["talos.upgrade.trial=500"], cds: [cd] },
  });
}, { ...long, bringsUp: true });

bootTest("a staged upgrade is done by the next boot, and keeps what is on the disk", async () => {
  const before = await Promise.all(["STATE", "EPHEMERAL"].map(filesystemId));
  const release = { tag: "v0.1.2", slot: "B", flags: ["--stage"] } as const;
  const console = await upgraded(machine, directory, release);
  assert.match(console, /reboot requested by staged upgrade[\s\S]*installer: v0\.1\.2 is on/);
  assert.doesNotMatch(console, /sequence: failed/);
  assert.deepEqual(await Promise.all(["STATE", "EPHEMERAL"].map(filesystemId)), before);
}, long);

bootTest("an upgrade that preserves nothing wipes EPHEMERAL and no more", async () => {
  const [state, ephemeral] = [await filesystemId("STATE"), await filesystemId("EPHEMERAL")];
  const release = { tag: "v0.1.3", slot: "A", flags: ["--preserve=false"] } as const;
  const console = await upgraded(machine, directory, release);
  assert.doesNotMatch(console, /sequence: failed/);
  assert.equal(await filesystemId("STATE"), state);
  assert.notEqual(await filesystemId("EPHEMERAL"), ephemeral);
  const { user } = machine;
  assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), "kept\n");
  const { spec } = JSON.parse(await user.print(["get", "upgradestatus", "--output", "json"]));
  assert.equal(spec.other, "v0.1.2");
}, long);

bootTest("a reset of EPHEMERAL gives the node an empty one and changes nothing else", async () => {
  const { node, user } = machine;
  const [state, ephemeral] = [await filesystemId("STATE"), await filesystemId("EPHEMERAL")];
  const from = await machine.shown();
  const labels = ["--system-labels-to-wipe", "EPHEMERAL"];
  await user.print(["reset", "--graceful=false", "--reboot", ...labels]);
  await node.vm.until(/reboot requested by reset/, BOOT_MS, from);
  await node.vm.until(BOOTED, BOOT_MS, from);
  assert.equal(await filesystemId("STATE"), state);
  assert.notEqual(await filesystemId("EPHEMERAL"), ephemeral);
  assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), "kept\n");
}, long);

bootTest(
  "a reset of everything leaves an empty disk: the CD's maintenance mode is next",
  async () => {
    const { node, user } = machine;
    const from = await machine.shown();
    await user.print(["reset", "--graceful=false", "--reboot"]);
    await node.vm.until(/\/dev\/vda is wiped/, BOOT_MS, from);
    await using medium = await openMedium(machine.disk);
    await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS, from);
    assert.equal(await readGpt(medium), undefined);
  },
  long,
);
