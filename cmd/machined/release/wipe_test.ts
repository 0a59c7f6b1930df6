import assert from "node:assert/strict";
import type { BlockDevice } from "$lib/disk/mod.ts";
import { systemDisk } from "./system_disk.ts";
import { devicesOf, everything } from "./wipe.ts";

function device(name: string, more: Partial<BlockDevice> = {}): BlockDevice {
  return { name, readOnly: false, sizeBytes: 1 << 30, blank: false, ...more };
}

const part = (disk: string, number: number, volumeName: string) =>
  device(`${disk}${number}`, { disk, volumeName });

const INSTALLED = [
  device("vda"),
  part("vda", 1, "EFI"),
  part("vda", 2, "META"),
  part("vda", 3, "STATE"),
  part("vda", 4, "EPHEMERAL"),
];
const FOREIGN = [device("vdb"), part("vdb", 1, "EFI"), part("vdb", 2, "data")];
const VIRTUAL = [
  device("vdc", { volumeName: "STATE", xfsLabel: "STATE" }),
  device("vdd", { xfsLabel: "EPHEMERAL" }),
];

const names = (devices: readonly BlockDevice[]) => devices.map(({ name }) => name);

Deno.test("systemDisk() is the disk that names all of a node's partitions", () => {
  assert.equal(systemDisk([...FOREIGN, ...INSTALLED])?.path, "/dev/vda");
  assert.equal(systemDisk(INSTALLED)?.partitions.META.name, "vda2");
  assert.equal(systemDisk([...FOREIGN, ...INSTALLED.slice(0, 3)]), undefined);
});

Deno.test("devicesOf() gives the node's own partitions and volumes, no other disk's", () => {
  const all = [...FOREIGN, ...INSTALLED, ...VIRTUAL];
  assert.deepEqual(names(devicesOf(["EPHEMERAL"], all)), ["vda4", "vdd"]);
  assert.deepEqual(names(devicesOf(["EFI", "META"], all)), ["vda1", "vda2"]);
  assert.deepEqual(names(devicesOf(["BIOS", "BOOT"], all)), []);
  assert.deepEqual(names(devicesOf(["EFI"], FOREIGN)), []);
});

Deno.test("everything() is the machine's disk as a whole, and volumes on disks of their own", () => {
  assert.deepEqual(names(everything([...FOREIGN, ...INSTALLED, ...VIRTUAL])), [
    "vda",
    "vdc",
    "vdd",
  ]);
  assert.deepEqual(names(everything([...FOREIGN, ...VIRTUAL])), ["vdc", "vdd"]);
  assert.deepEqual(names(everything(FOREIGN)), []);
});
