/** The tool against recordings of qemu-io: it has to find what a missing flush does, and nothing else. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { entryFile, entryText, slotProgram } from "$lib/bootloader/mod.ts";
import { nodePartitions } from "$lib/disk/mod.ts";
import { partition } from "../../mkimage/assets/disk.ts";
import { type FatFiles, makeFat } from "../../mkimage/assets/fat.ts";
import { run } from "../../mkimage/run.ts";
import { Scratch } from "../../mkimage/testing.ts";
import { isOnPath } from "../../mkimage/tools.ts";
import { copyDisk } from "./copy_disk.ts";
import { cutPower } from "./run.ts";
import { logged } from "./_qemu_io.ts";

const MIB = 2 ** 20;
const ESP = {
  offsetBytes: MIB,
  sizeBytes: 512 * MIB,
  label: "EFI",
  bits: 32,
  epochSeconds: 1,
} as const;
const absent: string[] = [];
for (const program of ["qemu-io", "mkfs.vfat", "fsck.vfat", "mcopy"]) {
  if (!await isOnPath(program)) absent.push(program);
}
const missing = absent.length === 0 ? "" : ` (skipped: ${absent.join(", ")} not installed)`;

/** A release in a slot, the higher one the newer. */
function release(slot: "a" | "b"): FatFiles {
  const generation = slot === "a" ? 1 : 2;
  const entry = { slot, generation, version: "v1.0.0", options: ["quiet"] };
  const text = new TextEncoder().encode(entryText(entry));
  return [
    [slotProgram(slot), new Uint8Array(64 << 10).fill(generation)],
    [entryFile(entry), text],
  ];
}

/** A disk with one release, and a copy of it with another one added. */
async function makeDisks(directory: string): Promise<[string, string]> {
  const [old, next] = [join(directory, "old"), join(directory, "new")];
  await partition(old, { manifestText: "one" }, 768 * MIB, nodePartitions);
  await makeFat(old, release("a"), ESP);
  await copyDisk(old, next);
  const file = join(directory, "file");
  for (const [path, content] of release("b")) {
    await Deno.writeFile(file, content);
    await run("mcopy", ["-i", `${next}@@1M`, "-Q", file, `::${path}`]);
  }
  return [old, next];
}

/** Commands that write what differs: the programs and all that says where they are, then the entries. */
async function commandsFrom(old: string, next: string): Promise<[string[], string[]]> {
  const [before, after] = [await Deno.readFile(old), await Deno.readFile(next)];
  const entry = new TextEncoder().encode("sort-key node");
  const parts: [string[], string[]] = [[], []];
  for (let at = MIB; at < MIB + ESP.sizeBytes; at += 4096) {
    const block = after.subarray(at, at + 4096);
    if (Buffer.compare(block, before.subarray(at, at + 4096)) === 0) continue;
    const file = `${next}.${at}`;
    await Deno.writeFile(file, block);
    const isLast = new TextDecoder("latin1").decode(block).includes(
      new TextDecoder().decode(entry),
    );
    parts[isLast ? 1 : 0].push(`write -s ${file} ${at} 4096`);
  }
  return parts;
}

/** Does this to a copy of the disk in QEMU, which logs it. */
async function record(directory: string, disk: string, commands: readonly string[]) {
  const [copy, log] = [join(directory, "recorded.raw"), join(directory, "log")];
  await copyDisk(disk, copy);
  await Deno.writeFile(log, new Uint8Array());
  await logged(copy, log, commands);
  return { disk, log };
}

async function faults(flushed: boolean): Promise<string[]> {
  await using scratch = await Scratch.make();
  const [old, next] = await makeDisks(scratch.path);
  const [programs, entries] = await commandsFrom(old, next);
  assert.ok(programs.length > 0 && entries.length > 0);
  const commands = flushed
    ? [...programs, "flush", ...entries, "flush"]
    : [...entries, ...programs, "flush"];
  const recording = await record(scratch.path, old, commands);
  const found: string[] = [];
  const { between } = await cutPower(recording, {
    ...{ times: 40, seed: 1, work: scratch.path, say: (line) => found.push(line) },
  });
  assert.equal(between, 40);
  return found;
}

Deno.test({
  name: `cutPower() finds nothing where each step is flushed before the next${missing}`,
  ignore: missing !== "",
  fn: async () => assert.deepEqual(await faults(true), []),
});

Deno.test({
  name: `cutPower() finds that an entry may be there before its program, without a flush${missing}`,
  ignore: missing !== "",
  fn: async () => assert.notDeepEqual(await faults(false), []),
});
