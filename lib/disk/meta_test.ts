import assert from "node:assert/strict";
import { decodeMeta, encodeMeta, type MetaValues, readMeta, writeMeta } from "./meta.ts";
import { memoryDisk } from "./testing.ts";

const SIZE = 16 * 1024;
const HALF = SIZE / 2;

/** Values of one text each. */
function values(texts: Readonly<Record<number, string>>): MetaValues {
  return new Map(
    Object.entries(texts).map((
      [number, text],
    ) => [Number(number), new TextEncoder().encode(text)]),
  );
}

function texts(read: MetaValues): Record<number, string> {
  return Object.fromEntries([...read].map((
    [number, bytes],
  ) => [number, new TextDecoder().decode(bytes)]));
}

const OLD = { 6: "A", 7: "registry.test/installer:v1 ".repeat(60) };
const NEW = { 6: "B", 8: "preserve ".repeat(200) };

async function written(...all: Readonly<Record<number, string>>[]) {
  const disk = memoryDisk(SIZE);
  for (const one of all) await writeMeta(disk, values(one));
  return disk;
}

Deno.test("readMeta() of a partition never written to has no values and no fault", async () => {
  assert.deepEqual(await readMeta(memoryDisk(SIZE)), { values: new Map() });
});

Deno.test("readMeta() gives what was written last", async () => {
  const disk = await written(OLD, NEW, {}, { 65_535: "", 1: "x" });
  const { values: read, fault } = await readMeta(disk);
  assert.deepEqual(texts(read), { 1: "x", 65_535: "" });
  assert.equal(fault, undefined);
});

Deno.test("writeMeta() leaves the old values or the new ones at every byte where the power may go", async () => {
  for (const before of [[OLD], [NEW, OLD]]) {
    const disk = await written(...before);
    const image = memoryDisk(disk.bytes);
    disk.writes.length = disk.flushes.length = 0;
    await writeMeta(disk, values(NEW));
    assert.deepEqual(disk.flushes, [1, 2]);
    const seen = new Set<string>();
    for (const { offset, bytes } of disk.writes) {
      for (let at = 0; at < bytes.length; at++) {
        image.bytes[offset + at] = bytes[at]!;
        const read = JSON.stringify(texts((await readMeta(image)).values));
        seen.add(read);
        assert.ok([JSON.stringify(OLD), JSON.stringify(NEW)].includes(read), `byte ${at}`);
      }
    }
    assert.equal(seen.size, 2);
    assert.deepEqual(await readMeta(image), { values: values(NEW) });
  }
});

Deno.test("writeMeta() survives sectors that arrive in any order, or not at all", async () => {
  let seed = 7;
  const draw = (below: number) => (seed = seed * 48_271 % 0x7fff_ffff) % below;
  for (let round = 0; round < 300; round++) {
    const disk = await written(OLD);
    const image = memoryDisk(disk.bytes);
    disk.writes.length = 0;
    await writeMeta(disk, values(NEW));
    // Before the flush between them, the second write has not begun.
    const [write] = disk.writes;
    for (let at = 0; at < write!.bytes.length; at += 512) {
      if (draw(2) === 0) image.bytes.set(write!.bytes.subarray(at, at + 512), write!.offset + at);
    }
    const read = JSON.stringify(texts((await readMeta(image)).values));
    assert.ok([JSON.stringify(OLD), JSON.stringify(NEW)].includes(read));
  }
});

Deno.test("readMeta() loses nothing when any one sector is zeroed, or one copy is", async () => {
  const whole = await written(OLD, NEW);
  const damages = Array.from({ length: SIZE / 512 }, (_, i) => [i * 512, (i + 1) * 512] as const);
  for (const [from, to] of [...damages, [0, HALF] as const, [HALF, SIZE] as const]) {
    const disk = memoryDisk(whole.bytes);
    disk.bytes.fill(0, from, to);
    assert.deepEqual(texts((await readMeta(disk)).values), NEW);
    await writeMeta(disk, values(OLD));
    assert.deepEqual(await readMeta(disk), { values: values(OLD) });
  }
});

Deno.test("readMeta() names the disk and both faults when no copy is whole", async () => {
  const disk = await written(OLD);
  disk.bytes[100]! ^= 1;
  disk.bytes[HALF] = 0;
  const { values: read, fault } = await readMeta(disk);
  assert.equal(read.size, 0);
  assert.equal(
    fault,
    "Cannot read all of META on /dev/test: first copy: wrong checksum; " +
      "second copy: it starts with other bytes",
  );
  await writeMeta(disk, values(NEW));
  assert.deepEqual(await readMeta(disk), { values: values(NEW) });
});

Deno.test("readMeta() takes the other copy when the disk cannot read one", async () => {
  const disk = await written(OLD);
  const read: typeof disk.read = (offset, length) =>
    offset === 0 ? Promise.reject(new Error("I/O error")) : disk.read(offset, length);
  const reading = await readMeta({ ...disk, read });
  assert.deepEqual(texts(reading.values), OLD);
  assert.match(reading.fault ?? "", /first copy: I\/O error$/);
});

Deno.test("writeMeta() leaves no byte of a value that is forgotten", async () => {
  const secret = "a passphrase".repeat(100);
  const disk = await written({ 1: "kept", 9: secret }, { 1: "kept" });
  assert.ok(!new TextDecoder("latin1").decode(disk.bytes).includes("passphrase"));
  assert.deepEqual(texts((await readMeta(disk)).values), { 1: "kept" });
});

Deno.test("writeMeta() refuses what has no room, and the old values stay", async () => {
  const disk = await written(OLD);
  await assert.rejects(
    writeMeta(disk, values({ 1: "x".repeat(HALF) })),
    /Cannot write META: 8250 bytes, there is room for 8192/,
  );
  assert.deepEqual(texts((await readMeta(disk)).values), OLD);
  await assert.rejects(writeMeta(disk, values({ 0: "" })), /it has no value 0/);
});

Deno.test("decodeMeta() of bytes cut short or changed anywhere is a fault, never other values", () => {
  const bytes = encodeMeta({ generation: 3n, values: values(OLD) });
  for (let size = 1; size < bytes.length; size++) {
    assert.equal(typeof decodeMeta(bytes.subarray(0, size)), "string", `${size} bytes`);
  }
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 0x40;
    assert.equal(typeof decodeMeta(changed), "string", `byte ${at}`);
  }
});
