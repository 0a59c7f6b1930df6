import assert from "node:assert/strict";
import { join } from "node:path";
import { openMedium } from "$lib/disk/mod.ts";
import { memoryDisk } from "$lib/disk/testing.ts";
import { Scratch } from "../../mkimage/testing.ts";
import { isOnPath } from "../../mkimage/tools.ts";
import { readLog } from "./log.ts";
import { logged } from "./_qemu_io.ts";

const missing = await isOnPath("qemu-io") ? "" : " (skipped: qemu-io is not installed)";

Deno.test({
  name: `readLog() reads what QEMU has logged${missing}`,
  ignore: missing !== "",
  async fn() {
    await using scratch = await Scratch.make();
    const log = join(scratch.path, "log");
    const commands = ["write -P 1 0 4k", "flush", "write -P 2 12k 1k", "write -z 16k 8k"]
      .concat(["discard 64k 8k", "flush", "write -P 3 512 512"]);
    await recordWith(scratch.path, log, commands);
    await using medium = await openMedium(log);
    const entries = await readLog(medium);
    const changes = entries.filter(({ kind }) => kind !== "flush");
    assert.deepEqual(changes.map(({ kind, offset, length }) => [kind, offset, length]), [
      ["write", 0, 4096],
      ["write", 12 << 10, 1024],
      ["write", 16 << 10, 8192],
      ["discard", 64 << 10, 8192],
      ["write", 512, 512],
    ]);
    assert.deepEqual(entries.slice(0, 3).map(({ kind }) => kind), [
      "write",
      "flush",
      "write",
    ]);
    const data = entries.filter(({ kind }) => kind === "write")
      .map(async ({ dataAt, length }) => new Set(await medium.read(dataAt, length)));
    assert.deepEqual(await Promise.all(data), [1, 2, 0, 3].map((byte) => new Set([byte])));
  },
});

/** Does this to a disk of 1 MiB in QEMU, which logs it. */
async function recordWith(directory: string, log: string, commands: readonly string[]) {
  const disk = join(directory, "disk");
  for (const path of [disk, log]) {
    await Deno.writeFile(path, new Uint8Array());
    await Deno.truncate(path, 1 << 20);
  }
  await logged(disk, log, commands);
}

/** A log of one entry, with these numbers in its first sector. */
function logWith({ magic = 0x6a736677736872n, version = 1n, count = 1n, sectorBytes = 512 }) {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, magic, true);
  view.setBigUint64(8, version, true);
  view.setBigUint64(16, count, true);
  view.setUint32(24, sectorBytes, true);
  return bytes;
}

const FAULTS = [
  { name: "is none", log: logWith({ magic: 1n }), want: /it is not one of blklogwrites$/ },
  {
    name: "has another version",
    log: logWith({ version: 2n }),
    want: /it has version 2, known is 1/,
  },
  { name: "is cut short", log: logWith({ count: 2n }), want: /it ends before entry 1 of 2$/ },
  {
    name: "counts in odd sectors",
    log: logWith({ sectorBytes: 520 }),
    want: /sectors of 520 bytes/,
  },
  { name: "is empty", log: new Uint8Array(), want: /it has 0 bytes/ },
];
for (const { name, log, want } of FAULTS) {
  Deno.test(`readLog() refuses a log that ${name}`, async () => {
    await assert.rejects(readLog(memoryDisk(log)), { name: "SyntaxError", message: want });
  });
}
