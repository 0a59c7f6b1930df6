/** Files of the partitions of a disk that nobody shut down, read by other people's tools. */
import { dirname, join } from "node:path";
import { type GptPartition, openMedium } from "$lib/disk/mod.ts";
import { run } from "../../mkimage/run.ts";

/** Copies a partition into a file of its own, with holes where there is nothing. */
export async function extract(
  disk: string,
  partition: GptPartition,
  output: string,
): Promise<void> {
  const { firstSector, lastSector } = partition;
  const mib = (sectors: number) => String(sectors * 512 / 2 ** 20);
  await run("dd", [
    ...[`if=${disk}`, `of=${output}`, "bs=1M", "conv=sparse", "status=none"],
    ...[`skip=${mib(firstSector)}`, `count=${mib(lastSector - firstSector + 1)}`],
  ]);
  // Zeros at the end were left out.
  await Deno.truncate(output, (lastSector - firstSector + 1) * 512);
}

/** What fsck.vfat says of a file system that was in use: its own marks, and space that nobody has. */
const HARMLESS = [
  /^fsck\.fat /,
  /^Dirty bit is set\. Fs was not properly unmounted/,
  /^ *Automatically removing dirty bit/,
  /^Reclaimed \d+ unused clusters? \(\d+ bytes\)/,
  /^Free cluster summary (wrong|uninitialized) /,
  /^Orphaned long file name part /,
  // That it is in use stands in the first of two boot sectors, at 65.
  /^There are differences between boot sector and its backup\.$/,
  /^This is mostly harmless\. Differences: \(offset:original\/backup\)$/,
  /^ *65:0[01]\/0[01]$/,
  /^ *Not automatically fixing this\.$/,
  // All read the first one; the second is written after it.
  /^FATs differ but appear to be intact/,
  /^ *Using first FAT/,
  /^ *Auto-(correcting|deleting)/,
  /^ *Setting\.?$/,
  /^Leaving filesystem unchanged/,
  /: \d+ files, \d+\/\d+ clusters$/,
  /^\s*$/,
];

/**
 * What is wrong with a FAT file system beyond that it was in use; nothing when it can be lived with.
 * A file that was being written may be in any state, those of `needed` and their directories may not.
 */
export function vfatFaults(report: string, needed: readonly string[]): string[] {
  const paths = needed.map((path) => `${path.toUpperCase()}/`);
  const faults: string[] = [];
  let place = "";
  for (const line of report.split("\n")) {
    if (line.startsWith("/")) place = line.trim().toUpperCase();
    else if (!line.startsWith(" ")) place = "";
    const spared = place !== "" && !paths.some((path) => path.startsWith(`${place}/`)) &&
      !/share clusters/.test(line);
    if (!spared && !HARMLESS.some((pattern) => pattern.test(line))) faults.push(line.trim());
  }
  return faults;
}

/** Asks fsck.vfat about the FAT file system in a file. */
export async function checkVfat(file: string, needed: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await new Deno.Command("/sbin/fsck.vfat", {
    args: ["-n", file],
    env: { LC_ALL: "C.UTF-8" },
  }).output();
  const decoder = new TextDecoder();
  return vfatFaults(decoder.decode(stdout) + decoder.decode(stderr), needed);
}

/** The paths of all files on the FAT file system in a file. */
export async function vfatPaths(file: string): Promise<string[]> {
  const env = { MTOOLS_SKIP_CHECK: "1" };
  const list = await run("mdir", ["-i", file, "-/", "-a", "-b", "::/"], { env });
  return list.split("\n").map((line) => line.trim().replace(/^::/, ""))
    .filter((path) => path !== "" && !path.endsWith("/"));
}

/** The content of a file on the FAT file system in a file. */
export async function vfatFile(file: string, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const copy = join(dirname(file), "copy");
  const env = { MTOOLS_SKIP_CHECK: "1" };
  await run("mcopy", ["-n", "-o", "-i", file, `::${path}`, copy], { env });
  return await Deno.readFile(copy);
}

/**
 * A file on the XFS file system in a file, read after the kernel has gone through its journal as it
 * does at the next boot; undefined when there is no such file, or no file system yet. Takes root.
 */
export async function xfsFile(file: string, name: string): Promise<Uint8Array | undefined> {
  await using medium = await openMedium(file);
  if (new TextDecoder("latin1").decode(await medium.read(0, 4)) !== "XFSB") return undefined;
  const target = await Deno.makeTempDir({ prefix: "powercut-" });
  try {
    // In a namespace of its own, so that nothing stays mounted whatever happens.
    const script = 'mount -t xfs -o loop,nouuid "$1" "$2" && { cat "$2/$3" || exit 44; }';
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["--mount", "--propagation", "private", "sh", "-c", script, "sh", file, target, name],
    }).output();
    if (code === 44) return undefined;
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr).trim());
    return stdout;
  } finally {
    await Deno.remove(target);
  }
}
