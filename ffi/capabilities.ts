/**
 * Capabilities of the calling thread, and what it passes on to programs it runs.
 *
 * @module
 */
import { check, isSyscallError } from "./errno.ts";
import { libc, SYS } from "./libc.ts";
import { PR, prctl } from "./process.ts";

const c = libc({
  // int syscall(SYS_capset, cap_user_header_t hdrp, const cap_user_data_t datap)
  capset: { name: "syscall", parameters: ["i64", "buffer", "buffer"], result: "i64" },
});

/** Capability numbers. */
export const CAP = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  NET_BIND_SERVICE: 10,
  NET_BROADCAST: 11,
  NET_ADMIN: 12,
  NET_RAW: 13,
  IPC_LOCK: 14,
  SYS_MODULE: 16,
  SYS_RAWIO: 17,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  SYS_BOOT: 22,
  SYS_NICE: 23,
  SYS_RESOURCE: 24,
  SYS_TIME: 25,
  MKNOD: 27,
  AUDIT_WRITE: 29,
  SYSLOG: 34,
  WAKE_ALARM: 35,
  PERFMON: 38,
  BPF: 39,
} as const;

/** A capability by name, without the CAP_. */
export type Capability = keyof typeof CAP;

/** Bytes of cap_user_header_t and of the two cap_user_data_t of version 3. */
export const CAPSET = { version: 0x20080522, headerSize: 8, dataSize: 24 } as const;

/** Takes every capability but `keep` out of the bounding set: no program run later can have it. */
export function limitBoundingSet(keep: readonly Capability[]): void {
  const kept = new Set<number>(keep.map((name) => CAP[name]));
  for (let number = 0; isKnown(number); number++) {
    if (!kept.has(number)) prctl("CAPBSET_DROP", number);
  }
}

/** Sets permitted, effective and inheritable capabilities to `keep`; what is gone stays gone. */
export function setCapabilities(keep: readonly Capability[]): void {
  const header = new Uint32Array([CAPSET.version, 0]);
  const mask = keep.reduce((bits, name) => bits | (1n << BigInt(CAP[name])), 0n);
  const words = [0n, 32n].map((shift) => Number((mask >> shift) & 0xffff_ffffn));
  const data = new Uint32Array(words.flatMap((word) => [word, word, word]));
  check("capset", c.symbols.capset(SYS.capset, header, data), keep.join(" "));
}

/** Lets `keep` survive the exec of a program by a user who is not root. */
export function setAmbientCapabilities(keep: readonly Capability[]): void {
  prctl("CAP_AMBIENT", PR.CAP_AMBIENT_CLEAR_ALL);
  for (const name of keep) prctl("CAP_AMBIENT", PR.CAP_AMBIENT_RAISE, CAP[name]);
}

function isKnown(number: number): boolean {
  try {
    prctl("CAPBSET_READ", number);
    return true;
  } catch (error) {
    if (isSyscallError(error, "EINVAL")) return false;
    throw error;
  }
}
