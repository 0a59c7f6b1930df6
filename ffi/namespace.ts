/**
 * Namespaces of the calling thread alone. The runtime's other threads, its asynchronous file calls
 * among them, stay where they are: use it on a thread or in a process that ends soon.
 *
 * @module
 */
import { check } from "./errno.ts";
import { Fd } from "./fd.ts";
import { libc } from "./libc.ts";

const c = libc({
  // int unshare(int flags)
  unshare: { parameters: ["i32"], result: "i32" },
  // int setns(int fd, int nstype)
  setns: { parameters: ["i32", "i32"], result: "i32" },
});

/** Kinds of namespaces, and FS: the working directory, root and umask of a thread. */
export const CLONE = {
  FS: 0x200,
  NEWNS: 0x20000,
  NEWCGROUP: 0x02000000,
  NEWUTS: 0x04000000,
  NEWIPC: 0x08000000,
  NEWPID: 0x20000000,
  NEWNET: 0x40000000,
} as const;

/** Gives this thread new namespaces of `kinds`; NEWNS brings FS along. @throws {SyscallError} EPERM. */
export function unshareThread(...kinds: (keyof typeof CLONE)[]): void {
  const flags = kinds.reduce((sum, kind) => sum | CLONE[kind], 0);
  check("unshare", c.symbols.unshare(flags), kinds.join(" "));
}

/** Moves this thread into the namespace that `path` is (/proc/…/ns/…). @throws {SyscallError} EINVAL. */
export function enterNamespace(path: string): void {
  using namespace = Fd.open(path);
  check("setns", c.symbols.setns(namespace.number, 0), path);
}
