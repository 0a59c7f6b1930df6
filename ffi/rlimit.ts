/**
 * Resource limits of a process.
 *
 * @module
 */
import { check } from "./errno.ts";
import { libc } from "./libc.ts";

const c = libc({
  // int prlimit(pid_t pid, int resource, const struct rlimit *new, struct rlimit *old)
  prlimit: { name: "prlimit64", parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },
});

/** Resources of prlimit(2). */
export const RLIMIT = {
  CPU: 0,
  FSIZE: 1,
  DATA: 2,
  STACK: 3,
  CORE: 4,
  NPROC: 6,
  NOFILE: 7,
  MEMLOCK: 8,
  AS: 9,
  MSGQUEUE: 12,
} as const;

/** Infinity means no limit; what a number counts depends on the resource. */
export interface ResourceLimit {
  soft: number;
  hard: number;
}

const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** The limit of process `pid`, this one when absent. @throws {SyscallError} ESRCH. */
export function getLimit(resource: keyof typeof RLIMIT, pid = 0): ResourceLimit {
  const old = new BigUint64Array(2);
  check("prlimit", c.symbols.prlimit(pid, RLIMIT[resource], null, old), resource);
  const [soft = 0n, hard = 0n] = old;
  return { soft: fromC(soft), hard: fromC(hard) };
}

/** Sets the limit of process `pid`. @throws {SyscallError} EPERM to raise a hard limit, EINVAL. */
export function setLimit(resource: keyof typeof RLIMIT, limit: ResourceLimit, pid = 0): void {
  const limits = new BigUint64Array([toC(limit.soft), toC(limit.hard)]);
  check("prlimit", c.symbols.prlimit(pid, RLIMIT[resource], limits, null), resource);
}

function fromC(value: bigint): number {
  return value === UNLIMITED ? Infinity : Number(value);
}

function toC(value: number): bigint {
  return value === Infinity ? UNLIMITED : BigInt(value);
}
