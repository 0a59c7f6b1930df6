/**
 * Disks as a whole: whether somebody uses one, its partitions read anew, its bytes given up.
 *
 * @module
 */
import { isSyscallError } from "./errno.ts";
import { Fd, O } from "./fd.ts";

/** Requests of linux/fs.h, and the size of the two numbers that BLKZEROOUT takes. */
export const BLOCK = { RRPART: 0x125f, ZEROOUT: 0x127f, rangeSize: 16 } as const;

/** Zeroes are asked for in steps: nothing else of the process runs meanwhile. */
const STEP_BYTES = 64 << 20;

/** Whether a device is mounted or otherwise in use. @throws {SyscallError} when it cannot be opened */
export function isBusy(path: string): boolean {
  try {
    using _device = Fd.open(path, O.RDONLY | O.EXCL);
    return false;
  } catch (error) {
    if (isSyscallError(error, "EBUSY")) return true;
    throw error;
  }
}

/** Lets the kernel read a disk's partition table anew. @throws {SyscallError} EBUSY while one is in use */
export function rereadPartitions(disk: string): void {
  using fd = Fd.open(disk);
  fd.ioctl("BLKRRPART", BLOCK.RRPART);
}

/**
 * Makes the bytes of a device from one place up to another zeros, by its own means where it has some.
 * Both are multiples of its sectors.
 */
export async function zeroDevice(
  path: string,
  { from = 0, to }: { readonly from?: number; readonly to: number },
  signal?: AbortSignal,
): Promise<void> {
  using fd = Fd.open(path, O.RDWR | O.EXCL);
  const range = new Uint8Array(BLOCK.rangeSize);
  const view = new DataView(range.buffer);
  for (let at = from; at < to; at += STEP_BYTES) {
    signal?.throwIfAborted();
    view.setBigUint64(0, BigInt(at), true);
    view.setBigUint64(8, BigInt(Math.min(STEP_BYTES, to - at)), true);
    fd.ioctl("BLKZEROOUT", BLOCK.ZEROOUT, range);
    await new Promise((resolve) => setTimeout(resolve));
  }
}
