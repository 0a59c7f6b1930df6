/** Disks beside the node's own: partitioned once, as the configuration says, and never changed after. */
import { type Gpt, PARTITION_TYPE } from "./gpt.ts";
import { planGpt } from "./gpt_layout.ts";
import { NODE_PARTITIONS } from "./layout.ts";
import type { Medium } from "./medium.ts";
import type { Probe } from "./probe.ts";
import { MIN_XFS_BYTES } from "./volume.ts";

/** What is to be done with a partition before it can be used, or what stands against that. */
export type UserPartitionStep = "mount" | "format" | { readonly fault: string };

/** How partitions are named that were made here; it is the label of their filesystems too. */
const NAME = /^USER-\d{1,3}$/;

/**
 * The table of a blank disk with partitions of these sizes, bytes; the last has what is left where it
 * has none.
 *
 * @throws {RangeError} when the disk is too small for them, or one is too small for a filesystem
 */
export function userGpt(
  { sizeBytes, sectorBytes }: Pick<Medium, "sizeBytes" | "sectorBytes">,
  sizes: readonly number[],
): Gpt {
  const sectors = Math.floor(sizeBytes / sectorBytes);
  const gpt = planGpt(
    { diskId: crypto.randomUUID(), sectorBytes, sectors },
    sizes.map((size, i) => ({
      ...{ name: `USER-${i + 1}`, type: PARTITION_TYPE.linux, id: crypto.randomUUID() },
      ...(size === 0 ? {} : { sizeBytes: size }),
    })),
  );
  for (const { number, firstSector, lastSector } of gpt.partitions) {
    const bytes = (lastSector - firstSector + 1) * sectorBytes;
    if (bytes >= MIN_XFS_BYTES) continue;
    throw new RangeError(
      `partition ${number} would have ${bytes >> 20} MiB, and a filesystem takes ` +
        `${MIN_XFS_BYTES >> 20} MiB: give it more`,
    );
  }
  return gpt;
}

/** Whether all of a table was made here, so that it may be mended. */
export function isUserGpt({ partitions }: Gpt): boolean {
  return partitions.length > 0 && partitions.every(({ name }) => NAME.test(name));
}

/** Whether a table is that of a node's own disk. */
export function isNodeGpt({ partitions }: Gpt): boolean {
  const names = new Set(partitions.map(({ name }) => name));
  return NODE_PARTITIONS.every(({ name }) => names.has(name));
}

/**
 * What a partition of that name and with that on it needs. Only what was made here and holds nothing, or
 * half of a filesystem, is formatted.
 */
export function userPartitionStep(name: string, found: Probe): UserPartitionStep {
  const { blank, unfinished, xfsLabel } = found;
  if (unfinished?.work === "format" && unfinished.label === name) return "format";
  if (unfinished === undefined && xfsLabel !== undefined) return "mount";
  if (blank && NAME.test(name)) return "format";
  return {
    fault: blank
      ? "it is blank, but was not partitioned by this node: format it with XFS, or wipe its whole disk"
      : "it holds no XFS filesystem: wipe its whole disk to lose what is on it, or name another disk",
  };
}
