/**
 * Mounting, moving and unmounting filesystems, and the change of root that ends the early stage.
 *
 * @module
 */
import { check } from "./errno.ts";
import { libc } from "./libc.ts";
import { cString } from "./memory.ts";

const c = libc({
  // int mount(const char *source, const char *target, const char *filesystemtype,
  //           unsigned long mountflags, const void *data)
  mount: { parameters: ["buffer", "buffer", "buffer", "u64", "buffer"], result: "i32" },
  // int umount2(const char *target, int flags)
  umount2: { parameters: ["buffer", "i32"], result: "i32" },
  // int chdir(const char *path)
  chdir: { parameters: ["buffer"], result: "i32" },
  // int chroot(const char *path)
  chroot: { parameters: ["buffer"], result: "i32" },
});

/** Mount flags of mount(2). */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  REMOUNT: 32,
  NOSYMFOLLOW: 256,
  NOATIME: 1024,
  BIND: 4096,
  MOVE: 8192,
  REC: 16384,
  SILENT: 32768,
  UNBINDABLE: 1 << 17,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
  RELATIME: 1 << 21,
} as const;

/** Flags of umount2(2). */
export const UMOUNT = { FORCE: 1, DETACH: 2, EXPIRE: 4, NOFOLLOW: 8 } as const;

/** What to mount where; `flags` are a sum of MS, `data` the filesystem's own options. */
export interface MountRequest {
  source: string;
  target: string;
  type: string;
  flags?: number;
  data?: string;
}

/** How mounts and unmounts spread to other namespaces. */
export type Propagation = "private" | "shared" | "slave" | "unbindable";

/** Mounts a filesystem. @throws {SyscallError} ENODEV for an unknown type, EBUSY, EIO, ENOENT … */
export function mount({ source, target, type, flags = 0, data = "" }: MountRequest): void {
  const result = c.symbols.mount(
    cString(source),
    cString(target),
    cString(type),
    BigInt(flags),
    cString(data),
  );
  check("mount", result, target);
}

/** Unmounts `target`; `flags` are a sum of UMOUNT. @throws {SyscallError} EBUSY, EINVAL if no mount. */
export function unmount(target: string, flags = 0): void {
  check("umount2", c.symbols.umount2(cString(target), flags), target);
}

/**
 * Mounts a filesystem while `work` goes on and gives what that gives. A failure of `work` is told, and
 * not that of unmounting what it may have left open.
 */
export async function whileMounted<T>(request: MountRequest, work: () => Promise<T>): Promise<T> {
  mount(request);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    unmount(request.target, UMOUNT.DETACH);
    throw error;
  }
  unmount(request.target);
  return result;
}

/** Shows the tree or file `source` at `target` too; recursive takes the mounts below along. */
export function bindMount(
  source: string,
  target: string,
  { recursive = false, flags = 0 }: { recursive?: boolean; flags?: number } = {},
): void {
  mount({ source, target, type: "", flags: MS.BIND | (recursive ? MS.REC : 0) });
  // A bind ignores the other flags; only a second call on the new mount sets them.
  if (flags !== 0) remount(target, MS.BIND | flags);
}

/** Changes the flags (and data) of the mount at `target`. */
export function remount(target: string, flags: number, data = ""): void {
  mount({ source: "", target, type: "", flags: MS.REMOUNT | flags, data });
}

/** Sets how the mount at `target`, and with recursive those below, take part in propagation. */
export function setPropagation(
  target: string,
  propagation: Propagation,
  { recursive = false }: { recursive?: boolean } = {},
): void {
  const kinds = {
    private: MS.PRIVATE,
    shared: MS.SHARED,
    slave: MS.SLAVE,
    unbindable: MS.UNBINDABLE,
  };
  const flags = kinds[propagation] | (recursive ? MS.REC : 0);
  mount({ source: "none", target, type: "", flags });
}

/** Moves the mount at `source`, with what is below, to `target`. */
export function moveMount(source: string, target: string): void {
  mount({ source, target, type: "", flags: MS.MOVE });
}

/**
 * Makes the mount at `newRoot` the root of this process; the old root is covered for good. Move
 * /proc, /sys and /dev below it first.
 */
export function moveRoot(newRoot: string): void {
  changeDirectory(newRoot);
  mount({ source: ".", target: "/", type: "", flags: MS.MOVE });
  check("chroot", c.symbols.chroot(cString(".")), newRoot);
  changeDirectory("/");
}

/** Changes the working directory of the process. */
export function changeDirectory(path: string): void {
  check("chdir", c.symbols.chdir(cString(path)), path);
}
