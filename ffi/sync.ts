/**
 * Brings writes to the disk, and replaces files so that a crash leaves the old or the new one.
 *
 * @module
 */
import { check } from "./errno.ts";
import { Fd, O } from "./fd.ts";
import { libc } from "./libc.ts";
import { cString } from "./memory.ts";

const c = libc({
  // void sync(void)
  sync: { parameters: [], result: "void" },
  // int syncfs(int fd)
  syncfs: { parameters: ["i32"], result: "i32" },
  // int fsync(int fd)
  fsync: { parameters: ["i32"], result: "i32" },
  // int fchmod(int fd, mode_t mode)
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int rename(const char *oldpath, const char *newpath)
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
});

/** Writes everything that any filesystem holds back; errors do not show, so prefer syncFs(). */
export function sync(): void {
  c.symbols.sync();
}

/** Writes what the filesystem under `path` holds back. @throws {SyscallError} EIO, ENOSPC. */
export function syncFs(path: string): void {
  using fd = Fd.open(path);
  check("syncfs", c.symbols.syncfs(fd.number), path);
}

/** Brings the file or directory at `path` to the disk. @throws {SyscallError} EIO, ENOSPC. */
export function fsync(path: string): void {
  using fd = Fd.open(path);
  check("fsync", c.symbols.fsync(fd.number), path);
}

/**
 * Replaces the file at `path`: after a crash at any moment it holds the old bytes or the new ones,
 * and the new ones once this returns. The temporary file lies beside it, so readers of the
 * directory skip names that start with ".tmp-".
 * @throws {SyscallError} of the step that failed; then the old file stands.
 */
export function writeFileDurable(
  path: string,
  bytes: Uint8Array<ArrayBuffer> | string,
  mode = 0o600,
): void {
  const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const slash = path.lastIndexOf("/");
  const dir = slash < 0 ? "." : path.slice(0, slash) || "/";
  const temporary = `${dir}/.tmp-${crypto.randomUUID()}`;
  try {
    using file = Fd.open(temporary, O.WRONLY | O.CREAT | O.EXCL, 0o600);
    // umask takes bits from open(2)'s mode, not from fchmod's.
    check("fchmod", c.symbols.fchmod(file.number, mode), path);
    file.writeAll(data);
    check("fsync", c.symbols.fsync(file.number), path);
    check("rename", c.symbols.rename(cString(temporary), cString(path)), path);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
  fsync(dir);
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Not made yet, or the disk is gone: the first error tells more.
  }
}
