/** Where partitions go on a disk. */
import { type Gpt, type GptPartition, usableSectors } from "./gpt.ts";

/** Partitions start at multiples of this: what flash and RAID like best. */
const ALIGNMENT_BYTES = 1 << 20;

/** A partition to place; without a size it takes what is left. */
export interface PartitionPlan {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly sizeBytes?: number;
}

/**
 * A table with these partitions one after the other.
 *
 * @throws {RangeError} when the disk is too small for them, with the size it takes
 */
export function planGpt(
  disk: Pick<Gpt, "diskId" | "sectorBytes" | "sectors">,
  plans: readonly PartitionPlan[],
): Gpt {
  const step = ALIGNMENT_BYTES / disk.sectorBytes;
  const end = lastAligned(disk);
  let next = step;
  const partitions = plans.map(({ type, id, name, sizeBytes }, i): GptPartition => {
    const firstSector = next;
    next = sizeBytes === undefined
      ? Math.max(end, firstSector + step)
      : firstSector + Math.ceil(sizeBytes / ALIGNMENT_BYTES) * step;
    return {
      ...{ number: i + 1, type, id, name, firstSector, lastSector: next - 1, attributes: 0n },
    };
  });
  if (next > end) {
    const mib = (sectors: number) => Math.ceil(sectors / step);
    throw new RangeError(
      `Cannot lay out the disk: it has ${mib(disk.sectors)} MiB and the partitions ` +
        `${plans.map(({ name }) => name).join(", ")} need ${mib(next) + 1} MiB`,
    );
  }
  return { ...disk, partitions };
}

/**
 * The table of a disk that has more sectors now, its partition `name` as large as can be; undefined when
 * there is nothing to gain, or another partition lies behind it.
 */
export function growGpt(gpt: Gpt, name: string): Gpt | undefined {
  const partition = gpt.partitions.find((one) => one.name === name);
  if (!partition) return undefined;
  if (gpt.partitions.some(({ firstSector }) => firstSector > partition.lastSector)) {
    return undefined;
  }
  const lastSector = lastAligned(gpt) - 1;
  if (lastSector <= partition.lastSector) return undefined;
  const partitions = gpt.partitions.map((one) => one === partition ? { ...one, lastSector } : one);
  return { ...gpt, partitions };
}

/** The sector behind the last whole step that partitions may fill. */
function lastAligned(disk: Pick<Gpt, "sectorBytes" | "sectors">): number {
  const step = ALIGNMENT_BYTES / disk.sectorBytes;
  return Math.floor((usableSectors(disk).last + 1) / step) * step;
}
