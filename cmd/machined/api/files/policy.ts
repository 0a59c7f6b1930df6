import { join } from "node:path/posix";
import { type MountInfo, mountOf } from "$lib/procfs/mod.ts";

/** Filesystems whose files look regular, but block a reader or act when read. */
const REFUSED_FILESYSTEMS: ReadonlySet<string> = new Set(["tracefs", "debugfs"]);

/** Files of proc that look regular, but block, are memory, or are as long as an address space. */
const REFUSED_PROC_FILES = [
  /^\/kmsg$/,
  /^\/kcore$/,
  /^\/vmcore$/,
  /^\/(\d+|self|thread-self)(\/task\/\d+)?\/(mem|pagemap)$/,
];

/** Filesystems whose files tell no true size, so their content has to be read to know it. */
const UNSIZED_FILESYSTEMS: ReadonlySet<string> = new Set([
  "proc",
  "sysfs",
  "cgroup",
  "cgroup2",
  "securityfs",
  "configfs",
  "fusectl",
  "pstore",
]);

/**
 * Why the file at `path` (absolute, without links) must not be opened though it looks regular, or
 * undefined. Goes by the mount it lies in, so a second mount of proc somewhere else is no way around.
 */
export function refusal(path: string, mounts: readonly MountInfo[]): string | undefined {
  const mount = mountOf(path, mounts);
  if (!mount) return undefined;
  if (REFUSED_FILESYSTEMS.has(mount.type)) {
    return `files of ${mount.type} are not readable through the API`;
  }
  if (mount.type !== "proc") return undefined;
  const inside = join(mount.root, path.slice(mount.target.length)).replace(/\/$/, "");
  if (!REFUSED_PROC_FILES.some((pattern) => pattern.test(inside))) return undefined;
  return `${inside.slice(inside.lastIndexOf("/") + 1)} of proc is not readable through the API`;
}

/** Whether the size that stat gives for the file at `path` says nothing about its content. */
export function isUnsized(path: string, mounts: readonly MountInfo[]): boolean {
  return UNSIZED_FILESYSTEMS.has(mountOf(path, mounts)?.type ?? "");
}
