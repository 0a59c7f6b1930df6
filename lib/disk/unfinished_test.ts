import assert from "node:assert/strict";
import type { Medium } from "./medium.ts";
import { probe } from "./probe.ts";
import { type MemoryDisk, memoryDisk } from "./testing.ts";
import { filesystemBytes, formatNoted, noteWipe, wipeNoted } from "./unfinished.ts";
import { chooseVolume } from "./volume.ts";

const SIZE = 64 << 20;
const BLOCK = 4096;

function superblock(label: string, bytes: number): Uint8Array {
  const block = new Uint8Array(512);
  const view = new DataView(block.buffer);
  block.set(new TextEncoder().encode("XFSB"));
  view.setUint32(4, BLOCK);
  view.setBigUint64(8, BigInt(bytes / BLOCK));
  block.set(new TextEncoder().encode(label), 108);
  return block;
}

/** Writes as mkfs.xfs does: zeros at both ends of the device, structures all over, no flush. */
function makeOn(disk: Medium, label: string) {
  return async (bytes: number) => {
    await disk.write(0, new Uint8Array(128 << 10));
    await disk.write(SIZE - (128 << 10), new Uint8Array(128 << 10));
    await disk.write(0, superblock(label, bytes));
    for (const at of [BLOCK, bytes - BLOCK]) {
      await disk.write(at, new Uint8Array(512).fill(7));
    }
  };
}

/**
 * Every state of a disk that the power may leave: all up to a flush, and of what was written after it any
 * part.
 */
function* powerCuts(before: Uint8Array, { writes, flushes }: MemoryDisk): Generator<MemoryDisk> {
  const ends = [0, ...flushes];
  for (const [i, from] of ends.entries()) {
    const later = writes.slice(from, ends[i + 1]);
    for (let kept = 0; kept < 1 << later.length; kept++) {
      const disk = memoryDisk(before);
      for (const { offset, bytes } of writes.slice(0, from)) disk.bytes.set(bytes, offset);
      for (const [j, { offset, bytes }] of later.entries()) {
        if (kept >> j & 1) disk.bytes.set(bytes, offset);
      }
      yield disk;
    }
  }
}

/** What the next boot does about the volume STATE on the disk. */
async function nextBoot(disk: Medium): Promise<"wipes" | "formats" | "mounts" | undefined> {
  const found = await probe(disk);
  if (found.unfinished?.work === "wipe") return "wipes";
  const device = { name: "vdb", volumeName: "STATE", readOnly: false, sizeBytes: SIZE, ...found };
  const volume = chooseVolume("STATE", [device]);
  return volume && (volume.format ? "formats" : "mounts");
}

Deno.test("formatNoted() leaves a device that is formatted or mounted, whenever the power goes", async () => {
  const disk = memoryDisk(SIZE);
  const before = disk.bytes.slice();
  assert.equal(await nextBoot(disk), "formats");
  await formatNoted(disk, "STATE", makeOn(disk, "STATE"));
  assert.equal(await nextBoot(disk), "mounts");
  const seen: unknown[] = [];
  for (const cut of powerCuts(before, disk)) {
    const does = await nextBoot(cut);
    if (does === "mounts") {
      const noteAt = filesystemBytes(SIZE);
      assert.deepEqual(cut.bytes.subarray(0, noteAt), disk.bytes.subarray(0, noteAt), "all of it");
    }
    seen.push(does);
  }
  assert.ok(seen.includes("mounts") && seen.length > 32);
  assert.ok(seen.every((does) => does === "formats" || does === "mounts"));
});

Deno.test("formatNoted() begins anew on a device where that was begun", async () => {
  const disk = memoryDisk(SIZE);
  const cutOff = formatNoted(disk, "STATE", async (bytes) => {
    await disk.write(bytes - BLOCK, new Uint8Array(512).fill(9));
    throw new Error("no power");
  });
  await assert.rejects(cutOff, /no power/);
  assert.deepEqual((await probe(disk)).unfinished, { work: "format", label: "STATE" });
  await formatNoted(disk, "STATE", makeOn(disk, "STATE"));
  assert.equal(await nextBoot(disk), "mounts");
});

Deno.test("wipeNoted() leaves a device that is wiped again or blank, whenever the power goes", async () => {
  const disk = memoryDisk(SIZE);
  disk.bytes.set(superblock("STATE", SIZE));
  disk.bytes.fill(5, 512);
  const before = disk.bytes.slice();
  await wipeNoted(disk, async (from, to) => {
    const half = (from + to) / 2;
    await disk.write(half, new Uint8Array(to - half));
    await disk.write(from, new Uint8Array(half - from));
  });
  assert.ok(disk.bytes.every((byte) => byte === 0));
  const seen = [];
  for (const cut of powerCuts(before, disk)) seen.push(await nextBoot(cut));
  assert.deepEqual(
    [seen[0], [...new Set(seen.slice(1, -1))], seen.at(-1)],
    ["mounts", ["wipes", "formats"], "formats"],
  );
  assert.equal(seen.indexOf("formats"), seen.lastIndexOf("wipes") + 1);
});

Deno.test("noteWipe() outweighs the note of a format", async () => {
  const disk = memoryDisk(SIZE);
  await assert.rejects(formatNoted(disk, "STATE", () => Promise.reject(new Error("no power"))));
  await noteWipe(disk);
  assert.deepEqual((await probe(disk)).unfinished, { work: "wipe" });
});

for (
  const { name, head } of [
    { name: "a filesystem that has the place of the note", head: superblock("STATE", SIZE) },
    { name: "another filesystem", head: new Uint8Array(512).fill(0x55) },
    {
      name: "XFS of the whole device by its size",
      head: superblock("", filesystemBytes(SIZE) + BLOCK),
    },
  ]
) {
  Deno.test(`probe() takes what looks like a note for data on ${name}`, async () => {
    const disk = memoryDisk(SIZE);
    await assert.rejects(formatNoted(disk, "STATE", () => Promise.reject(new Error("no power"))));
    disk.bytes.set(head);
    assert.equal((await probe(disk)).unfinished, undefined);
  });
}

Deno.test("probe() reads notes as they are written, and those of small devices not at all", async () => {
  const disk = memoryDisk(SIZE);
  await assert.rejects(formatNoted(disk, "STATE", () => Promise.reject(new Error("no power"))));
  const note = disk.bytes.slice(filesystemBytes(SIZE), filesystemBytes(SIZE) + 512);
  const noted = (bytes: Uint8Array) => {
    const other = memoryDisk(SIZE);
    other.bytes.set(bytes, filesystemBytes(SIZE));
    return probe(other);
  };
  assert.deepEqual((await noted(note)).unfinished, { work: "format", label: "STATE" });
  assert.equal((await noted(note.with(511, 1))).unfinished, undefined);
  assert.equal((await noted(note.with(0, 1))).unfinished, undefined);
  for (const sizeBytes of [0, 512, 4096, 1 << 20]) {
    assert.equal((await probe(memoryDisk(sizeBytes))).unfinished, undefined, `${sizeBytes} bytes`);
  }
});
