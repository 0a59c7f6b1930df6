import assert from "node:assert/strict";
import type { Gpt } from "./gpt.ts";
import { readGpt, writeGpt } from "./gpt_disk.ts";
import { planGpt } from "./gpt_layout.ts";
import {
  endInstallation,
  isHalfInstalled,
  noteInstallation,
  withoutHalfInstalled,
} from "./installation.ts";
import { nodePartitions } from "./layout.ts";
import { probe } from "./probe.ts";
import { nodeGpt, targetFault } from "./target.ts";
import { memoryDisk } from "./testing.ts";
import type { BlockDevice } from "./volume.ts";

const MIB = 1 << 20;
const ID = "5a9e2b1c-0f3d-4c68-9b7a-112233445566";

/** The table of a small disk with a node's partitions. */
function smallGpt(sectors: number): Gpt {
  const plans = nodePartitions(() => ID).map(({ sizeBytes, ...plan }) => ({
    ...plan,
    ...(sizeBytes === undefined ? {} : { sizeBytes: MIB }),
  }));
  return planGpt({ diskId: ID, sectorBytes: 512, sectors }, plans);
}

/** What the kernel and the probe say of the disk's partitions. */
async function devicesOf(disk: ReturnType<typeof memoryDisk>): Promise<BlockDevice[]> {
  const { partitions } = (await readGpt(disk))!.gpt;
  return await Promise.all(partitions.map(async ({ number, name, firstSector, lastSector }) => {
    const sizeBytes = (lastSector - firstSector + 1) * 512;
    const read = (offset: number, length: number) => disk.read(firstSector * 512 + offset, length);
    return {
      ...{ name: `vda${number}`, volumeName: name, disk: "vda", readOnly: false, sizeBytes },
      ...await probe({ sizeBytes, read }),
    };
  }));
}

const namesOf = (devices: readonly BlockDevice[]) => devices.map(({ volumeName }) => volumeName);
const NAMES = ["EFI", "META", "STATE", "EPHEMERAL"];

Deno.test("noteInstallation() leaves a disk to the next installation, at each write of its table", async () => {
  const after = memoryDisk(16 * MIB);
  const gpt = smallGpt(after.sizeBytes / 512);
  await noteInstallation(after, gpt);
  await writeGpt(after, gpt);
  assert.deepEqual(after.flushes, [1, 2, 3]);
  const disk = memoryDisk(16 * MIB);
  const seen: boolean[] = [];
  for (const { offset, bytes } of after.writes) {
    disk.bytes.set(bytes, offset);
    seen.push(await isHalfInstalled(disk));
  }
  // Before there is a table the disk's ends are blank, which is as good.
  assert.deepEqual(seen, [false, true, true]);
});

Deno.test("endInstallation() has the disk be a node's, and blank but for that", async () => {
  const disk = memoryDisk(16 * MIB);
  const gpt = smallGpt(disk.sizeBytes / 512);
  await noteInstallation(disk, gpt);
  await writeGpt(disk, gpt);
  assert.deepEqual(namesOf(withoutHalfInstalled(await devicesOf(disk))), Array(4).fill(undefined));
  await endInstallation(disk, gpt);
  assert.equal(await isHalfInstalled(disk), false);
  const devices = await devicesOf(disk);
  assert.deepEqual(withoutHalfInstalled(devices), devices);
  assert.deepEqual(namesOf(devices), NAMES);
  assert.equal(devices[1]?.blank, true);
});

for (const label of ["STATE", "EPHEMERAL"]) {
  Deno.test(`isHalfInstalled() believes no note beside a ${label} that holds something`, async () => {
    const disk = memoryDisk(16 * MIB);
    const gpt = smallGpt(disk.sizeBytes / 512);
    await noteInstallation(disk, gpt);
    await writeGpt(disk, gpt);
    const { firstSector } = gpt.partitions.find(({ name }) => name === label)!;
    disk.bytes[firstSector * 512] = 1;
    assert.equal(await isHalfInstalled(disk), false);
    assert.deepEqual(namesOf(withoutHalfInstalled(await devicesOf(disk))), NAMES);
  });
}

Deno.test("withoutHalfInstalled() looks at each disk by itself", () => {
  const partition = (disk: string, volumeName: string, more: Partial<BlockDevice> = {}) => ({
    ...{ name: `${disk}-${volumeName}`, disk, volumeName, readOnly: false, sizeBytes: MIB },
    ...{ blank: true, ...more },
  });
  const half = partition("vda", "META", { blank: false, unfinished: { work: "install" } });
  const devices = [
    { name: "vda", readOnly: false, sizeBytes: MIB, blank: false },
    ...[half, partition("vda", "STATE"), partition("vda", "EPHEMERAL")],
    ...["META", "STATE", "EPHEMERAL"].map((name) => partition("vdb", name)),
  ];
  const names = namesOf(withoutHalfInstalled(devices));
  assert.deepEqual(names.slice(1), [...Array(3).fill(undefined), "META", "STATE", "EPHEMERAL"]);
});

Deno.test("targetFault() has nothing against a disk that is half installed", async () => {
  const disk = memoryDisk(640 * MIB);
  const gpt = nodeGpt(disk);
  await noteInstallation(disk, gpt);
  await writeGpt(disk, gpt);
  assert.equal(await targetFault(disk, false), undefined);
  await endInstallation(disk, gpt);
  assert.match(await targetFault(disk, false) ?? "", /^it is not blank/);
});
