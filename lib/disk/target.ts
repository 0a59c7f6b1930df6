/** Whether a disk can be made a node's. */
import type { Gpt } from "./gpt.ts";
import { planGpt } from "./gpt_layout.ts";
import { isHalfInstalled } from "./installation.ts";
import { nodePartitions } from "./layout.ts";
import type { Medium } from "./medium.ts";
import { isBlank, PROBE_BYTES } from "./probe.ts";

/** The partitions of a node on this disk. @throws {RangeError} when it is too small for them */
export function nodeGpt(
  { sizeBytes, sectorBytes }: Pick<Medium, "sizeBytes" | "sectorBytes">,
): Gpt {
  const sectors = Math.floor(sizeBytes / sectorBytes);
  return planGpt(
    { diskId: crypto.randomUUID(), sectorBytes, sectors },
    nodePartitions(() => crypto.randomUUID()),
  );
}

/**
 * What stands against making the disk a node's, in words; with `wipe` what is on it may go. An
 * installation that was cut off does not.
 */
export async function targetFault(disk: Medium, wipe: boolean): Promise<string | undefined> {
  try {
    nodeGpt(disk);
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
  if (wipe || await isEmpty(disk) || await isHalfInstalled(disk)) return undefined;
  return "it is not blank; set machine.install.wipe to true to lose what is on it, " +
    "or machine.install.disk to another disk";
}

async function isEmpty(disk: Medium): Promise<boolean> {
  const length = Math.min(PROBE_BYTES, disk.sizeBytes);
  return isBlank(await disk.read(0, length)) &&
    isBlank(await disk.read(disk.sizeBytes - length, length));
}
