/** Disks in memory, for tests of what is kept on disks. */
import type { Medium } from "./medium.ts";

/** A disk in memory whose power can be cut. */
export interface MemoryDisk extends Medium {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Every write so far, in order. */
  readonly writes: { readonly offset: number; readonly bytes: Uint8Array }[];
  /** How many writes had been made at each flush. */
  readonly flushes: number[];
}

/** A disk of `sizeBytes` zeros, or with these bytes on it. */
export function memoryDisk(content: number | Uint8Array, sectorBytes = 512): MemoryDisk {
  const bytes = typeof content === "number" ? new Uint8Array(content) : Uint8Array.from(content);
  const writes: { offset: number; bytes: Uint8Array }[] = [];
  const flushes: number[] = [];
  return {
    ...{ name: "/dev/test", sizeBytes: bytes.length, sectorBytes, bytes, writes, flushes },
    async read(offset, length) {
      if (offset + length > bytes.length) {
        throw new Error(`Cannot read ${length} bytes at ${offset} of /dev/test: it ends before`);
      }
      return bytes.slice(offset, offset + length);
    },
    async write(offset, written) {
      bytes.set(written, offset);
      writes.push({ offset, bytes: Uint8Array.from(written) });
    },
    async flush() {
      flushes.push(writes.length);
    },
  };
}
