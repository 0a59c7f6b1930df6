/**
 * Files that live in memory alone.
 *
 * @module
 */
import { check } from "./errno.ts";
import { Fd } from "./fd.ts";
import { libc } from "./libc.ts";
import { cString } from "./memory.ts";

const c = libc({
  // int memfd_create(const char *name, unsigned int flags)
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  // int fcntl(int fd, int op, int arg)
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
});

/** Flags of memfd_create(2) and fcntl(2)'s seals. */
export const MEMFD = {
  CLOEXEC: 1,
  ALLOW_SEALING: 2,
  ADD_SEALS: 1033,
  SEAL_SEAL: 1,
  SEAL_SHRINK: 2,
  SEAL_GROW: 4,
  SEAL_WRITE: 8,
} as const;

/** A file of `bytes` that nobody can change any more; `/proc/self/fd/<number>` is its path here. */
export function sealedFile(name: string, bytes: Uint8Array<ArrayBuffer>): Fd {
  const flags = MEMFD.CLOEXEC | MEMFD.ALLOW_SEALING;
  const number = check("memfd_create", c.symbols.memfd_create(cString(name), flags), name);
  const file = Fd.adopt(number, name);
  try {
    file.writeAll(bytes);
    const seals = MEMFD.SEAL_SEAL | MEMFD.SEAL_SHRINK | MEMFD.SEAL_GROW | MEMFD.SEAL_WRITE;
    check("fcntl F_ADD_SEALS", c.symbols.fcntl(file.number, MEMFD.ADD_SEALS, seals), name);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}
