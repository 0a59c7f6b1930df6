/** Volumes that Debian's cryptsetup opens, and those of cryptsetup opened here. */
import assert from "node:assert/strict";
import { type Medium, openMedium } from "$lib/disk/mod.ts";
import { memoryDisk } from "$lib/disk/testing.ts";
import { luksLabel, readHeader } from "./header.ts";
import { merge, split } from "./split.ts";
import {
  dataBytes,
  formatLuks,
  isUnmade,
  type Key,
  noteMade,
  openLuks,
  syncKeys,
  WrongKeyError,
} from "./volume.ts";
import { decryptXts, encryptXts } from "./xts.ts";

const MIB = 1 << 20;
const missing = await new Deno.Command("cryptsetup", { args: ["--version"], stdout: "null" })
  .output().then(({ success }) => success ? "" : "1", () => "cryptsetup is not installed");

function key(slot: number, text: string): Key {
  return { slot, passphrase: new TextEncoder().encode(text) };
}

async function cryptsetup(passphrase: string, ...args: string[]): Promise<number> {
  const child = new Deno.Command("cryptsetup", {
    args,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(passphrase)).catch(() => {});
  await writer.close().catch(() => {});
  return (await child.status).code;
}

function test(name: string, fn: (device: Medium, file: string) => Promise<void>): void {
  Deno.test({
    name: missing ? `${name} (skipped: ${missing})` : name,
    ignore: missing !== "",
    async fn() {
      const file = await Deno.makeTempFile({ prefix: "luks-test-" });
      try {
        await Deno.truncate(file, 64 * MIB);
        await using device = await openMedium(file, { writable: true });
        await fn(device, file);
      } finally {
        await Deno.remove(file);
      }
    },
  });
}

const opens = (passphrase: string, file: string, ...more: string[]) =>
  cryptsetup(passphrase, "open", "--test-passphrase", "-d", "-", ...more, file, "x");

test(
  "formatLuks() makes what cryptsetup opens with each of the keys, and with no other",
  async (device, file) => {
    await formatLuks(device, "EPHEMERAL", [key(0, "one"), key(3, "two")]);
    assert.equal(await cryptsetup("", "isLuks", "--type", "luks2", file), 0);
    assert.equal(await opens("one", file), 0);
    assert.equal(await opens("two", file, "--key-slot", "3"), 0);
    assert.equal(await opens("three", file), 2);
    assert.equal(luksLabel(await device.read(0, MIB)), "EPHEMERAL");
  },
);

test("openLuks() opens what cryptsetup made, and gives the same key", async (device, file) => {
  const format = ["luksFormat", "--type", "luks2", "--pbkdf", "pbkdf2", "--label", "DATA"];
  const quick = ["--pbkdf-force-iterations", "1000", "-q"];
  const master = `${file}.key`;
  await Deno.writeFile(master, new Uint8Array(64).fill(7));
  try {
    const options = [...quick, "--master-key-file", master, "--key-size", "512"];
    assert.equal(await cryptsetup("pass", ...format, ...options, file, "-"), 0);
  } finally {
    await Deno.remove(master);
  }
  const { header, volumeKey } = await openLuks(device, [key(0, "no"), key(1, "pass")]);
  assert.deepEqual([...volumeKey], Array(64).fill(7));
  assert.equal(header.label, "DATA");
  assert.ok(!isUnmade(header));
  assert.equal(dataBytes(header, 64 * MIB), 48 * MIB);
  await assert.rejects(openLuks(device, [key(0, "no")]), (error: Error) => {
    assert.ok(error instanceof WrongKeyError);
    assert.match(error.message, /^no key of the configuration opens \S+$/);
    return true;
  });
});

test("openLuks() names a slot of cryptsetup that it cannot try", async (device, file) => {
  const memory = ["--pbkdf-memory", "32", "--pbkdf-force-iterations", "4", "-q"];
  assert.equal(await cryptsetup("pass", "luksFormat", ...memory, file, "-"), 0);
  await assert.rejects(openLuks(device, [key(0, "pass")]), /not tried: slot 0 uses argon2id/);
});

test(
  "syncKeys() leaves the keys of a configuration, and cryptsetup agrees",
  async (device, file) => {
    await formatLuks(device, "EPHEMERAL", [key(0, "old"), key(1, "kept")]);
    const open = await openLuks(device, [key(1, "kept")]);
    await syncKeys(device, open, [key(0, "new"), key(1, "kept")]);
    assert.deepEqual(
      [await opens("old", file), await opens("new", file), await opens("kept", file)],
      [2, 0, 0],
    );
    const again = await openLuks(device, [key(0, "new")]);
    const { sequence } = await syncKeys(device, again, [key(0, "new"), key(1, "kept")]);
    assert.equal(sequence, again.header.sequence);
    await syncKeys(device, again, [key(0, "new")]);
    assert.deepEqual([await opens("new", file), await opens("kept", file)], [0, 2]);
  },
);

Deno.test("noteMade() says that the filesystem is there, to whoever reads either copy", async () => {
  const disk = memoryDisk(32 * MIB);
  const { header } = await formatLuks(disk, "EPHEMERAL", [key(0, "one")]);
  assert.ok(isUnmade(await readHeader(disk)));
  await noteMade(disk, header);
  for (const place of [0, 16384]) {
    const bytes = disk.bytes.slice();
    bytes.fill(0xff, place, place + 4096);
    const read = await readHeader(memoryDisk(bytes));
    assert.ok(!isUnmade(read));
    assert.equal(read.sequence, 2n);
  }
});

Deno.test("readHeader() finds a whole header at every cut of the power", async () => {
  const disk = memoryDisk(32 * MIB);
  const { header } = await formatLuks(disk, "EPHEMERAL", [key(0, "one")]);
  const before = disk.bytes.slice();
  disk.writes.length = 0;
  await noteMade(disk, header);
  for (let count = 0; count <= disk.writes.length; count++) {
    for (const part of [512, 4096, 16384]) {
      const bytes = before.slice();
      for (const { offset, bytes: written } of disk.writes.slice(0, count)) {
        bytes.set(written, offset);
      }
      const next = disk.writes[count];
      if (next) bytes.set(next.bytes.subarray(0, part), next.offset);
      assert.equal((await readHeader(memoryDisk(bytes))).label, "EPHEMERAL");
    }
  }
});

Deno.test("readHeader() names the device and both faults when no copy is whole", async () => {
  const disk = memoryDisk(MIB);
  await assert.rejects(
    readHeader(disk),
    /header of \/dev\/test: there is none; copy 2: there is none/,
  );
});

Deno.test("encryptXts() agrees with vector 1 of IEEE 1619-2007", () => {
  const bytes = crypto.getRandomValues(new Uint8Array(2048));
  const own = crypto.getRandomValues(new Uint8Array(64));
  assert.deepEqual(decryptXts(encryptXts(bytes, own), own), bytes);
  const zeros = encryptXts(new Uint8Array(512), new Uint8Array(32));
  // Vector 1: two blocks of zeros in sector 0 under a key of zeros.
  assert.equal(
    zeros.subarray(0, 32).toHex(),
    "917cf69ebd68b2ec9b9fe9a3eadda692cd43d2f59598ed858c02c2652fbf922e",
  );
});

Deno.test("merge() gives back what split() was given", () => {
  const bytes = crypto.getRandomValues(new Uint8Array(64));
  assert.deepEqual(merge(split(bytes, 50), 50), bytes);
});
