/**
 * How full a filesystem is.
 *
 * @module
 */
import { check } from "./errno.ts";
import { libc } from "./libc.ts";
import { cString } from "./memory.ts";

const c = libc({
  // int statfs(const char *path, struct statfs *buf)
  statfs: { parameters: ["buffer", "buffer"], result: "i32" },
});

/** Byte offsets in struct statfs on 64-bit Linux. */
export const STATFS = {
  size: 120,
  type: 0,
  blocks: 16,
  freeBlocks: 24,
  availableBlocks: 32,
  files: 40,
  freeFiles: 48,
  fragmentSize: 72,
  flags: 80,
} as const;

/** A filesystem's room. `available` is what is left to users who are not root. */
export interface FilesystemRoom {
  /** The filesystem's magic number. */
  type: number;
  sizeBytes: number;
  freeBytes: number;
  availableBytes: number;
  files: number;
  freeFiles: number;
  readOnly: boolean;
}

/** The room of the filesystem under `path`. @throws {SyscallError} ENOENT when nothing is there. */
export function filesystemRoom(path: string): FilesystemRoom {
  const view = new DataView(new ArrayBuffer(STATFS.size));
  check("statfs", c.symbols.statfs(cString(path), view), path);
  const number = (offset: number) => Number(view.getBigUint64(offset, true));
  const unit = number(STATFS.fragmentSize);
  return {
    type: number(STATFS.type),
    sizeBytes: number(STATFS.blocks) * unit,
    freeBytes: number(STATFS.freeBlocks) * unit,
    availableBytes: number(STATFS.availableBlocks) * unit,
    files: number(STATFS.files),
    freeFiles: number(STATFS.freeFiles),
    readOnly: (number(STATFS.flags) & 1) !== 0,
  };
}
