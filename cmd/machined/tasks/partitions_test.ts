import assert from "node:assert/strict";
import { type BlockDevice, nodePartitions, planGpt, readGpt, writeGpt } from "$lib/disk/mod.ts";
import { type MemoryDisk, memoryDisk } from "$lib/disk/testing.ts";
import { nodeDisks, preparePartitions } from "./partitions.ts";

const MIB = 1 << 20;
const ID = "5a9e2b1c-0f3d-4c68-9b7a-112233445566";

function partition(name: string, more: Partial<BlockDevice> = {}): BlockDevice {
  return { name: `vda-${name}`, volumeName: name, disk: "vda", ...PLAIN, ...more };
}
const PLAIN = { readOnly: false, sizeBytes: 100 * MIB, blank: false };
const NODE = ["EFI", "META", "STATE", "EPHEMERAL"].map((name) => partition(name));

/** A small disk with a node's partitions. */
async function nodeDisk(mib: number): Promise<MemoryDisk> {
  const disk = memoryDisk(mib * MIB);
  const plans = nodePartitions(() => ID).map(({ sizeBytes, ...plan }) => ({
    ...plan,
    ...(sizeBytes === undefined ? {} : { sizeBytes: MIB }),
  }));
  const sectors = disk.sizeBytes / 512;
  await writeGpt(disk, planGpt({ diskId: ID, sectorBytes: 512, sectors }, plans));
  disk.writes.length = 0;
  return disk;
}

/** What the task does with these devices and that disk. */
async function run(disk: MemoryDisk, devices: readonly BlockDevice[] = NODE, broken = false) {
  const lines: string[] = [];
  const done: string[] = [];
  await preparePartitions({
    log: (line) => lines.push(line),
    blockDevices: async () => devices,
    openDisk: async (name) => ({
      ...disk,
      name: `/dev/${name}`,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
    disks: {
      resizePartition: (path, { number, lengthBytes }) =>
        done.push(`${path} ${number} has ${lengthBytes / MIB} MiB`),
    },
    wipe: async (devices) => {
      if (broken) throw new Error("Input/output error");
      done.push(`wipes ${devices.map(({ name }) => name)}`);
    },
  }).run(new AbortController().signal);
  return { lines, done };
}

Deno.test("preparePartitions() leaves a disk alone that is as it should be", async () => {
  const disk = await nodeDisk(16);
  assert.deepEqual(await run(disk), { lines: [], done: [] });
  assert.deepEqual(disk.writes, []);
});

Deno.test("preparePartitions() goes on with wiping that was cut off, and with the boot if it cannot", async () => {
  const disk = await nodeDisk(16);
  const devices = [...NODE, partition("SPARE", { unfinished: { work: "wipe" } })];
  const { lines, done } = await run(disk, devices);
  assert.deepEqual(done, ["wipes vda-SPARE"]);
  assert.match(lines[0]!, /^\/dev\/vda-SPARE was being wiped/);
  const failed = await run(disk, devices, true);
  assert.match(failed.lines[1]!, /^\/dev\/vda-SPARE stays as it is: Input\/output error$/);
});

Deno.test("preparePartitions() leaves what is half installed to the next installation", async () => {
  const { volumeName: _, ...meta } = partition("META", { unfinished: { work: "install" } });
  const disk = await nodeDisk(16);
  const { lines, done } = await run(disk, [meta]);
  assert.deepEqual([done, disk.writes], [[], []]);
  assert.match(lines[0]!, /^\/dev\/vda is half installed, .* left to the next installation$/);
});

Deno.test("preparePartitions() leaves the size of a half made volume", async () => {
  const small = await nodeDisk(16);
  const disk = memoryDisk(64 * MIB);
  disk.bytes.set(small.bytes);
  const unfinished = { work: "format", label: "EPHEMERAL" } as const;
  const { done } = await run(disk, [...NODE.slice(0, 3), partition("EPHEMERAL", { unfinished })]);
  assert.deepEqual(done, []);
  assert.equal((await readGpt(disk))?.fault, undefined);
});

Deno.test("preparePartitions() gives EPHEMERAL what a larger disk has, and tells the kernel", async () => {
  const small = await nodeDisk(16);
  const disk = memoryDisk(64 * MIB);
  disk.bytes.set(small.bytes);
  const { lines, done } = await run(disk);
  assert.deepEqual(done, ["/dev/vda 4 has 59 MiB"]);
  assert.deepEqual(lines, [
    "/dev/vda: the partition table is written anew: its backup is not at the end of the disk",
    "/dev/vda: EPHEMERAL has 61 MB now",
  ]);
  assert.equal((await readGpt(disk))?.fault, undefined);
});

Deno.test("preparePartitions() writes a damaged table anew from the copy that is whole", async () => {
  const disk = await nodeDisk(16);
  disk.bytes.fill(0, 512, 1024);
  const { lines } = await run(disk);
  assert.deepEqual(lines, [
    "/dev/vda: the partition table is written anew: its first copy: there is none",
  ]);
  assert.equal((await readGpt(disk))?.fault, undefined);
});

Deno.test("preparePartitions() goes on with a disk that cannot be written, and says so", async () => {
  const disk = await nodeDisk(16);
  disk.bytes.fill(0, 512, 1024);
  const { lines, done } = await run(
    { ...disk, write: () => Promise.reject(new Error("read-only")) },
  );
  assert.equal(lines[1], "The partition table of /dev/vda stays as it is: read-only");
  assert.deepEqual(done, []);
});

for (
  const { name, devices, disks } of [
    { name: "of a node", devices: NODE, disks: ["vda"] },
    {
      name: "of a node that never ran",
      devices: NODE.with(2, partition("STATE", { blank: true })),
      disks: ["vda"],
    },
    {
      name: "with one name alone",
      devices: [partition("STATE", { blank: true }), partition("EPHEMERAL", { disk: "vdb" })],
      disks: [],
    },
    { name: "that is blank", devices: [{ name: "vda", ...PLAIN, blank: true }], disks: [] },
    {
      name: "of a virtual machine that is a volume as a whole",
      devices: ["META", "STATE", "EPHEMERAL"].map((volumeName) => ({
        ...{ name: volumeName, volumeName, ...PLAIN },
      })),
      disks: [],
    },
  ]
) {
  Deno.test(`nodeDisks() of a disk ${name}`, () => {
    assert.deepEqual(nodeDisks(devices), disks);
  });
}
