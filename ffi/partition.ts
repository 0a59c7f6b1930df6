/**
 * What the kernel takes for the partitions of a disk.
 *
 * @module
 */
import { Fd } from "./fd.ts";
import { addressOf, keepAlive } from "./memory.ts";

/** The request of linux/blkpg.h, and byte offsets in its two structures. */
export const BLKPG = {
  request: 0x1269,
  RESIZE: 3,
  argumentSize: 24,
  operation: 0,
  dataLength: 8,
  data: 16,
  partitionSize: 152,
  start: 0,
  length: 8,
  number: 16,
} as const;

/** A partition by its number in the table, and where it is to be. */
export interface PartitionExtent {
  readonly number: number;
  readonly startBytes: number;
  readonly lengthBytes: number;
}

/**
 * Tells the kernel the new size of a partition that may be in use.
 *
 * @throws {SyscallError} ENXIO without such a partition, EBUSY when it would lie over another
 */
export function resizePartition(disk: string, extent: PartitionExtent): void {
  const partition = new Uint8Array(BLKPG.partitionSize);
  const view = new DataView(partition.buffer);
  view.setBigInt64(BLKPG.start, BigInt(extent.startBytes), true);
  view.setBigInt64(BLKPG.length, BigInt(extent.lengthBytes), true);
  view.setInt32(BLKPG.number, extent.number, true);
  const argument = new Uint8Array(BLKPG.argumentSize);
  const fields = new DataView(argument.buffer);
  fields.setInt32(BLKPG.operation, BLKPG.RESIZE, true);
  fields.setInt32(BLKPG.dataLength, partition.length, true);
  fields.setBigUint64(BLKPG.data, addressOf(partition), true);
  using fd = Fd.open(disk);
  fd.ioctl("BLKPG_RESIZE_PARTITION", BLKPG.request, argument);
  keepAlive(partition);
}
