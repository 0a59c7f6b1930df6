import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { crc32 } from "node:zlib";
import { encodeGpt, type Gpt, HEADER, PARTITION_TYPE } from "./gpt.ts";
import { GptError, readGpt, writeGpt } from "./gpt_disk.ts";
import { growGpt, planGpt } from "./gpt_layout.ts";
import { openMedium } from "./medium.ts";
import { memoryDisk } from "./testing.ts";

const MIB = 1 << 20;
const DISK = { diskId: "5a9e2b1c-0f3d-4c68-9b7a-112233445566", sectorBytes: 512, sectors: 16_384 };
const PLANS = [
  {
    type: PARTITION_TYPE.esp,
    id: "00000000-1111-4222-8333-444444444444",
    name: "EFI",
    sizeBytes: 2 * MIB,
  },
  {
    type: PARTITION_TYPE.linux,
    id: "10000000-1111-4222-8333-444444444444",
    name: "EPHEMERAL",
  },
] as const;
const TABLE = planGpt(DISK, PLANS);

/** The bytes of a disk of 8 MiB with the table on it. */
async function disk(table: Gpt = TABLE): Promise<ReturnType<typeof memoryDisk>> {
  const made = memoryDisk(table.sectors * table.sectorBytes, table.sectorBytes);
  await writeGpt(made, table);
  return made;
}

/** Changes a header where its checksum stays right: only its content is odd. */
function change(bytes: Uint8Array, sector: number, at: number, value: number): void {
  const header = bytes.subarray(sector * 512, sector * 512 + HEADER.size);
  const view = new DataView(header.buffer, header.byteOffset);
  view.setUint32(at, value, true);
  view.setUint32(HEADER.checksum, 0, true);
  view.setUint32(HEADER.checksum, crc32(header), true);
}

const sgdisk = (() => {
  try {
    return execFileSync("sgdisk", ["--version"]).length > 0;
  } catch {
    return false;
  }
})();

/** A test over a file and the real sgdisk. */
function sgdiskTest(name: string, fn: (path: string) => Promise<void>): void {
  Deno.test({
    name: sgdisk ? name : `${name} (skipped: sgdisk is not installed)`,
    ignore: !sgdisk,
    async fn() {
      const path = await Deno.makeTempFile();
      try {
        await Deno.truncate(path, DISK.sectors * DISK.sectorBytes);
        await fn(path);
      } finally {
        await Deno.remove(path);
      }
    },
  });
}

sgdiskTest("writeGpt() makes what sgdisk finds no fault with", async (path) => {
  await using medium = await openMedium(path, { writable: true });
  const partitions = TABLE.partitions.map((one) => ({ ...one, attributes: 5n << 59n | 4n }));
  await writeGpt(medium, { ...TABLE, partitions });
  const verdict = execFileSync("sgdisk", ["-v", path], { encoding: "utf8" });
  assert.match(verdict, /No problems found/);
  const second = execFileSync("sgdisk", ["-i", "2", path], { encoding: "utf8" });
  assert.match(second, /GUID code: 0FC63DAF-8483-4772-8E79-3D69D8477DE4/);
  assert.match(second, /unique GUID: 10000000-1111-4222-8333-444444444444/);
  assert.match(second, /First sector: 6144 /);
  assert.match(second, /Last sector: 14335 /);
  assert.match(second, /Attribute flags: 2800000000000004/);
  assert.match(second, /name: 'EPHEMERAL'/);
});

sgdiskTest("readGpt() reads what sgdisk makes", async (path) => {
  execFileSync("sgdisk", [
    ...["-n", "3:2048:4095", "-c", "3:Größe 3", "-t", "3:ef00", "-A", "3:set:2"],
    ...["-u", "3:ABCDEF00-1111-4222-8333-444444444444", "-n", "7:6000:7000", path],
  ]);
  await using medium = await openMedium(path);
  const reading = await readGpt(medium);
  assert.equal(reading?.fault, undefined);
  const [third, seventh] = reading?.gpt.partitions ?? [];
  assert.deepEqual(third, {
    number: 3,
    type: PARTITION_TYPE.esp,
    id: "abcdef00-1111-4222-8333-444444444444",
    name: "Größe 3",
    firstSector: 2048,
    lastSector: 4095,
    attributes: 4n,
  });
  assert.deepEqual([seventh?.number, seventh?.lastSector], [7, 7000]);
});

sgdiskTest("readGpt() and sgdisk agree on a table whose first copy is gone", async (path) => {
  await using medium = await openMedium(path, { writable: true });
  await writeGpt(medium, TABLE);
  await medium.write(512, new Uint8Array(512));
  assert.deepEqual((await readGpt(medium))?.gpt, TABLE);
  assert.match(execFileSync("sgdisk", ["-p", path], { encoding: "utf8" }), /EPHEMERAL/);
});

Deno.test("readGpt() reads back what was written, with small sectors and large ones", async () => {
  for (const sectorBytes of [512, 4096]) {
    const table = planGpt({ ...DISK, sectorBytes }, PLANS);
    assert.deepEqual(await readGpt(await disk(table)), { gpt: table });
  }
});

Deno.test("readGpt() finds no table on an empty disk, on a filesystem, on a stub of a disk", async () => {
  assert.equal(await readGpt(memoryDisk(MIB)), undefined);
  assert.equal(await readGpt(memoryDisk(new Uint8Array(MIB).fill(0xa5))), undefined);
  for (const size of [0, 1, 512, 1535]) assert.equal(await readGpt(memoryDisk(size)), undefined);
});

Deno.test("readGpt() takes the backup, and says why, when the first copy is damaged anywhere", async () => {
  for (const at of [512, 520, 532, 600, 1024, 1024 + 130]) {
    const damaged = await disk();
    damaged.bytes[at]! ^= 1;
    const reading = await readGpt(damaged);
    assert.deepEqual(reading?.gpt, TABLE);
    assert.match(reading?.fault ?? "", /^its first copy: /);
  }
});

Deno.test("readGpt() says that the backup is damaged", async () => {
  const damaged = await disk();
  damaged.bytes[damaged.sizeBytes - 500]! ^= 1;
  const reading = await readGpt(damaged);
  assert.deepEqual(reading?.gpt, TABLE);
  assert.equal(reading?.fault, "its backup: wrong checksum of the header");
});

Deno.test("readGpt() refuses odd numbers under right checksums, naming the disk", async () => {
  for (
    const [at, value, says] of [
      [HEADER.entryCount, 0xffff_ffff, "4294967295 partitions, more than 1024"],
      [HEADER.entrySize, 0, "entries of 0 bytes"],
      [HEADER.entrySize, 0xffff_ff80, "entries of 4294967168 bytes"],
      [HEADER.entries + 4, 0xffff_ffff, "which are not on the disk"],
      [HEADER.entries, 1, "entries at sector 1,"],
      [HEADER.headerSize, 0xffff_ffff, "a header of 4294967295 bytes"],
      [HEADER.headerSize, 3, "a header of 3 bytes"],
      [HEADER.revision, 0x20000, "unknown revision 0x20000"],
      [HEADER.own, 9, "a header of sector 9"],
      [HEADER.lastUsable, 3000, "is outside of the usable sectors 34 to 3000"],
    ] as const
  ) {
    const odd = await disk();
    for (const sector of [1, DISK.sectors - 1]) change(odd.bytes, sector, at, value);
    await assert.rejects(readGpt(odd), (error) => {
      assert.ok(error instanceof GptError);
      assert.match(error.message, /^Cannot read the partition table of \/dev\/test: first copy: /);
      assert.ok(error.message.includes(says), error.message);
      return true;
    });
  }
});

Deno.test("readGpt() of a disk cut short anywhere gives the table or an error that names the disk", async () => {
  const { bytes } = await disk();
  for (let size = 0; size < bytes.length; size += size < 20_000 ? 97 : 99_991) {
    const reading = await readGpt(memoryDisk(bytes.subarray(0, size))).catch((error) => {
      assert.ok(error instanceof GptError && error.message.includes("/dev/test"), String(error));
    });
    if (reading) assert.ok(reading.gpt.partitions.length > 0 && reading.fault);
  }
});

Deno.test("readGpt() never gives another table than the one written, whatever bytes are hit", async () => {
  const damaged = await disk();
  const { head, tail } = encodeGpt(TABLE);
  const end = damaged.sizeBytes - tail.length;
  let seed = 1;
  const draw = (below: number) => (seed = seed * 48_271 % 0x7fff_ffff) % below;
  for (let round = 0; round < 2000; round++) {
    damaged.bytes.set(head);
    damaged.bytes.set(tail, end);
    for (let hits = draw(8); hits >= 0; hits--) {
      const at = draw(head.length + tail.length);
      damaged.bytes[at < head.length ? at : end + at - head.length] = draw(256);
    }
    try {
      const reading = await readGpt(damaged);
      assert.deepEqual(reading?.gpt.partitions, TABLE.partitions);
    } catch (error) {
      assert.ok(error instanceof GptError, String(error));
    }
  }
});

Deno.test("writeGpt() leaves one whole table at every cut of the power", async () => {
  const made = await disk();
  const grown = { ...TABLE, partitions: TABLE.partitions.slice(0, 1) };
  const before = Uint8Array.from(made.bytes);
  made.writes.length = made.flushes.length = 0;
  await writeGpt(made, grown);
  assert.deepEqual(made.flushes, [1, 2]);
  const image = memoryDisk(before);
  for (const { offset, bytes } of made.writes) {
    for (let at = 0; at < bytes.length; at += 512) {
      image.bytes.set(bytes.subarray(at, at + 512), offset + at);
      const names = (await readGpt(image))?.gpt.partitions.map(({ name }) => name).join();
      assert.ok(names === "EFI,EPHEMERAL" || names === "EFI", names);
    }
  }
  assert.deepEqual(await readGpt(image), { gpt: grown });
});

for (
  const { name, partitions, says } of [
    { name: "that overlap", partitions: [[40, 50], [50, 60]], says: /overlaps partition 2/ },
    { name: "over the first copy", partitions: [[33, 50]], says: /usable sectors 34 to 16350/ },
    { name: "over the backup", partitions: [[40, 16_351]], says: /usable sectors/ },
    { name: "that end before they start", partitions: [[50, 40]], says: /ends before it starts/ },
  ]
) {
  Deno.test(`encodeGpt() refuses partitions ${name}`, () => {
    const made = partitions.map(([firstSector = 0, lastSector = 0], i) => ({
      ...TABLE.partitions[0]!,
      ...{ number: i + 1, firstSector, lastSector },
    }));
    assert.throws(() => encodeGpt({ ...TABLE, partitions: made }), says);
  });
}

Deno.test("encodeGpt() refuses names and numbers that a table has no room for", () => {
  const [first] = TABLE.partitions;
  const one = (more: object) => ({ ...TABLE, partitions: [{ ...first!, ...more }] });
  assert.throws(() => encodeGpt(one({ name: "x".repeat(37) })), /more than 36 characters/);
  assert.throws(() => encodeGpt(one({ number: 129 })), /it has no partition 129/);
  assert.throws(() => encodeGpt(one({ type: "linux" })), /Cannot read "linux" as a GUID/);
});

Deno.test("planGpt() says how large the disk has to be", () => {
  assert.throws(
    () => planGpt({ ...DISK, sectors: 4096 }, PLANS),
    /it has 2 MiB and the partitions EFI, EPHEMERAL need 5 MiB/,
  );
  const least = planGpt({ ...DISK, sectors: 5 * 2048 }, PLANS);
  assert.equal(least.partitions[1]?.lastSector, 4 * 2048 - 1);
});

Deno.test("growGpt() gives the last partition what the disk gained, and no other", () => {
  const large = { ...TABLE, sectors: 4 * TABLE.sectors };
  const grown = growGpt(large, "EPHEMERAL");
  assert.equal(grown?.partitions[1]?.lastSector, large.sectors - 2048 - 1);
  assert.deepEqual(grown?.partitions[0], TABLE.partitions[0]);
  assert.equal(growGpt(TABLE, "EPHEMERAL"), undefined);
  assert.equal(growGpt(large, "EFI"), undefined);
  assert.equal(growGpt(large, "STATE"), undefined);
});

Deno.test("readGpt() of a disk that was enlarged says so, and writing heals it", async () => {
  const { bytes } = await disk();
  const larger = memoryDisk(2 * bytes.length);
  larger.bytes.set(bytes);
  const reading = await readGpt(larger);
  assert.equal(reading?.fault, "its backup is not at the end of the disk");
  assert.equal(reading?.gpt.sectors, 2 * DISK.sectors);
  await writeGpt(larger, growGpt(reading!.gpt, "EPHEMERAL")!);
  const healed = await readGpt(larger);
  assert.equal(healed?.fault, undefined);
  assert.equal(healed?.gpt.partitions[1]?.lastSector, 2 * DISK.sectors - 2048 - 1);
});
