import { basename } from "node:path/posix";
import { type Medium, type MediumOptions, openMedium } from "./medium.ts";

/** The kernel counts in these, whatever the disk does. */
const SECTOR_BYTES = 512;

/**
 * Opens the disk at `path` (not a partition of one), whose sizes the kernel tells in
 * /sys/class/block (Documentation/ABI/stable/sysfs-block).
 *
 * @throws {Error} when it is no disk, or not ours to open
 */
export async function openWholeDisk(
  path: string,
  { writable = false }: Pick<MediumOptions, "writable"> = {},
): Promise<Medium & AsyncDisposable> {
  const directory = `/sys/class/block/${basename(await Deno.realPath(path))}`;
  const number = async (file: string) => Number(await Deno.readTextFile(`${directory}/${file}`));
  return await openMedium(path, {
    writable,
    sizeBytes: await number("size") * SECTOR_BYTES,
    sectorBytes: await number("queue/logical_block_size"),
  });
}
