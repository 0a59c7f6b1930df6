/** The disk that a configuration wants the machine installed to. */
import { basename } from "node:path/posix";
import { openWholeDisk, targetFault } from "$lib/disk/mod.ts";
import { isBusy } from "$ffi/block_device.ts";

const CLASS = "/sys/class/block";

/** What stands against installing to the disk at `path`, in words; nothing is changed. */
export async function targetDiskFault(path: string, wipe: boolean): Promise<string | undefined> {
  const fault = await diskFault(path);
  if (fault !== undefined) return fault;
  if (isBusy(path)) return "it, or a partition of it, is in use";
  await using disk = await openWholeDisk(path);
  return await targetFault(disk, wipe);
}

/** Why `path` is no disk that could be written to, in words. */
export async function diskFault(path: string): Promise<string | undefined> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info) return "there is no such disk";
  if (!info.isBlockDevice) return "it is no disk";
  const name = basename(await Deno.realPath(path));
  if (await Deno.stat(`${CLASS}/${name}/partition`).then(() => true, () => false)) {
    return "it is a partition, not a disk";
  }
  const readOnly = Number(await Deno.readTextFile(`${CLASS}/${name}/ro`)) === 1;
  return readOnly ? "it is read-only" : undefined;
}
