import { run } from "./run.ts";

/** How a squashfs is compressed; zstd reads faster than xz for a few megabytes more. */
export interface Compression {
  readonly args: readonly string[];
  readonly blockBytes: number;
}

/** The compression of the root filesystem: blocks of twice the usual size save 3 of 80 megabytes. */
export const ROOTFS_COMPRESSION: Compression = {
  args: ["-comp", "zstd", "-Xcompression-level", "19"],
  blockBytes: 256 * 1024,
};

/** Packs a tree: owned by root, no extended attributes, every time is `epochSeconds`. */
export async function makeSquashfs(
  directory: string,
  output: string,
  epochSeconds: number,
  compression: Compression = ROOTFS_COMPRESSION,
): Promise<void> {
  await Deno.remove(output).catch(ignoreMissing);
  const time = String(epochSeconds);
  await run("mksquashfs", [
    ...[directory, output, "-noappend", "-no-progress", "-quiet", "-all-root", "-no-xattrs"],
    ...["-no-exports", "-mkfs-time", time, "-all-time", time, "-b", String(compression.blockBytes)],
    ...compression.args,
  ], {
    // mksquashfs refuses to have the time from two places.
    env: withoutEpoch(),
    clearEnv: true,
  });
}

function withoutEpoch(): Record<string, string> {
  const { SOURCE_DATE_EPOCH: _, ...env } = Deno.env.toObject();
  return { ...env, PATH: `${env.PATH}:/usr/sbin:/sbin` };
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
