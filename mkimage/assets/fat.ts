/** A FAT file system as a part of a file, made with other people's tools and the same each time. */
import { dirname, join } from "node:path";
import { run } from "../run.ts";
import { walkTree } from "../tree.ts";

/** Files by their path, which starts with a slash. */
export type FatFiles = readonly (readonly [path: string, content: Uint8Array])[];

/** Where the file system goes and what it is like. */
export interface FatOptions {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly label: string;
  readonly bits: 16 | 32;
  /** The time of every file, seconds since 1970. */
  readonly epochSeconds: number;
}

const SECTOR_BYTES = 512;

/** Makes the file system in the file `path`, which is as large already, and puts `files` into it. */
export async function makeFat(path: string, files: FatFiles, options: FatOptions): Promise<void> {
  const { offsetBytes, sizeBytes, label, bits, epochSeconds } = options;
  const env = { SOURCE_DATE_EPOCH: String(epochSeconds), MTOOLS_SKIP_CHECK: "1" };
  await run("/sbin/mkfs.vfat", [
    ...["-F", String(bits), "-n", label, "--invariant"],
    ...["--offset", String(offsetBytes / SECTOR_BYTES), path, String(sizeBytes / 1024)],
  ], { env });
  const place = `${path}@@${offsetBytes}`;
  const work = await Deno.makeTempDir({ prefix: "mkimage-fat-" });
  try {
    for (const [name, content] of files) {
      await Deno.mkdir(dirname(join(work, name)), { recursive: true });
      await Deno.writeFile(join(work, name), content);
    }
    // One after the other: the order of a directory of this host must not become the disk's.
    for (const { path, info } of await walkTree(work)) {
      if (info.isDirectory) await run("mmd", ["-i", place, `::${path}`], { env });
      else await run("mcopy", ["-i", place, "-Q", join(work, path), `::${path}`], { env });
    }
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
