/**
 * Waiting for, signalling and watching processes.
 *
 * @module
 */
import { check, checkUnless } from "./errno.ts";
import { Fd } from "./fd.ts";
import { libc, SYS } from "./libc.ts";

const c = libc({
  // int waitid(idtype_t idtype, id_t id, siginfo_t *infop, int options)
  waitid: { parameters: ["i32", "u32", "buffer", "i32"], result: "i32" },
  // int kill(pid_t pid, int sig)
  kill: { parameters: ["i32", "i32"], result: "i32" },
  // int prctl(int option, unsigned long arg2, unsigned long arg3, ...)
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  // int syscall(SYS_pidfd_open, pid_t pid, unsigned int flags)
  pidfdOpen: { name: "syscall", parameters: ["i64", "i32", "u32"], result: "i64" },
});

/** Byte offsets in siginfo_t of a child, and what waitid(2) takes and tells. */
export const WAIT = {
  infoSize: 128,
  code: 8,
  pid: 16,
  status: 24,
  P_ALL: 0,
  P_PID: 1,
  WNOHANG: 1,
  WEXITED: 4,
  WNOWAIT: 0x01000000,
  CLD_EXITED: 1,
} as const;

/** Options of prctl(2). */
export const PR = {
  SET_DUMPABLE: 4,
  SET_KEEPCAPS: 8,
  SET_NAME: 15,
  SET_SECCOMP: 22,
  CAPBSET_READ: 23,
  CAPBSET_DROP: 24,
  SET_CHILD_SUBREAPER: 36,
  SET_NO_NEW_PRIVS: 38,
  GET_NO_NEW_PRIVS: 39,
  CAP_AMBIENT: 47,
  CAP_AMBIENT_RAISE: 2,
  CAP_AMBIENT_CLEAR_ALL: 4,
} as const;

/** How a child ended: by `code`, or by `signal` with code 128 + signal, as shells say it. */
export interface ExitStatus {
  code: number;
  /** The signal's number, when one ended it. */
  signal?: number;
}

/** A child that ended. */
export interface ExitedChild extends ExitStatus {
  pid: number;
}

/**
 * A child that has ended, or undefined when none has (or none is left). `pid` asks for that one;
 * `keep` leaves it to be waited for again.
 */
export function findExited(
  { pid, keep = false }: { pid?: number; keep?: boolean } = {},
): ExitedChild | undefined {
  // Zeroed: with WNOHANG and nobody there the call succeeds and leaves si_pid alone.
  const info = new DataView(new ArrayBuffer(WAIT.infoSize));
  const options = WAIT.WEXITED | WAIT.WNOHANG | (keep ? WAIT.WNOWAIT : 0);
  const kind = pid === undefined ? WAIT.P_ALL : WAIT.P_PID;
  const result = c.symbols.waitid(kind, pid ?? 0, info, options);
  if (checkUnless(["ECHILD"], "waitid", result) === undefined) return undefined;
  const exited = info.getInt32(WAIT.pid, true);
  if (exited === 0) return undefined;
  const status = info.getInt32(WAIT.status, true);
  if (info.getInt32(WAIT.code, true) === WAIT.CLD_EXITED) return { pid: exited, code: status };
  return { pid: exited, code: 128 + status, signal: status };
}

/** Sends signal number `signal` to a process; negative pids are groups, -1 is all but PID 1. */
export function kill(pid: number, signal: number): void {
  check("kill", c.symbols.kill(pid, signal), String(pid));
}

/** prctl(2) on this thread; what it gives depends on `option`. @throws {SyscallError} EINVAL, EPERM. */
export function prctl(option: keyof typeof PR, a = 0, b = 0): number {
  return check("prctl", c.symbols.prctl(PR[option], BigInt(a), BigInt(b), 0n, 0n), option);
}

/** A descriptor of process `pid` that turns readable once it ends. @throws {SyscallError} ESRCH. */
export function openPid(pid: number): Fd {
  const number = check("pidfd_open", c.symbols.pidfdOpen(SYS.pidfd_open, pid, 0), String(pid));
  return Fd.adopt(Number(number), `pid ${pid}`);
}
