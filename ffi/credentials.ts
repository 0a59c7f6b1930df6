/**
 * User and groups of the calling thread alone, by raw syscalls: libc's functions of these names
 * change every thread of the process.
 *
 * @module
 */
import { check } from "./errno.ts";
import { libc, SYS } from "./libc.ts";

const c = libc({
  // int syscall(SYS_setgroups, size_t size, const gid_t *list)
  setgroups: { name: "syscall", parameters: ["i64", "u64", "buffer"], result: "i64" },
  // int syscall(SYS_setresgid, gid_t rgid, gid_t egid, gid_t sgid)
  // int syscall(SYS_setresuid, uid_t ruid, uid_t euid, uid_t suid)
  setThree: { name: "syscall", parameters: ["i64", "u32", "u32", "u32"], result: "i64" },
});

/** Who a thread acts as. */
export interface Identity {
  uid: number;
  gid: number;
  /** Supplementary groups; none when absent. */
  groups?: readonly number[];
}

/** Makes this thread `identity` for good: real, effective and saved ids. @throws {SyscallError} EPERM. */
export function setThreadIdentity({ uid, gid, groups = [] }: Identity): void {
  const list = new Uint32Array(groups);
  // Groups first: once the user is another, the right to change them is gone.
  check("setgroups", c.symbols.setgroups(SYS.setgroups, BigInt(list.length), list));
  check("setresgid", c.symbols.setThree(SYS.setresgid, gid, gid, gid), String(gid));
  check("setresuid", c.symbols.setThree(SYS.setresuid, uid, uid, uid), String(uid));
}
