/**
 * The kernel's clocks: reading, stepping and slewing.
 *
 * @module
 */
import { check } from "./errno.ts";
import { libc } from "./libc.ts";

const c = libc({
  // int clock_gettime(clockid_t clockid, struct timespec *tp)
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // int clock_settime(clockid_t clockid, const struct timespec *tp)
  clock_settime: { parameters: ["i32", "buffer"], result: "i32" },
  // int adjtimex(struct timex *buf)
  adjtimex: { parameters: ["buffer"], result: "i32" },
});

/** Clocks, byte offsets in struct timex on 64-bit Linux, its mode and status bits. */
export const CLOCK = {
  REALTIME: 0,
  MONOTONIC: 1,
  BOOTTIME: 7,
  timexSize: 208,
  modes: 0,
  offset: 8,
  frequency: 16,
  maxError: 24,
  estimatedError: 32,
  status: 40,
  constant: 48,
  timeSeconds: 72,
  timeFraction: 80,
  ADJ_OFFSET: 0x1,
  ADJ_FREQUENCY: 0x2,
  ADJ_MAXERROR: 0x4,
  ADJ_ESTERROR: 0x8,
  ADJ_STATUS: 0x10,
  ADJ_TIMECONST: 0x20,
  ADJ_SETOFFSET: 0x100,
  ADJ_NANO: 0x2000,
  STA_PLL: 0x1,
  STA_UNSYNC: 0x40,
  STA_NANO: 0x2000,
  TIME_ERROR: 5,
} as const;

const NANOSECONDS = 1_000_000_000n;

/** What the kernel says of its clock. */
export interface ClockState {
  /** False until a time service said the clock is right. */
  synchronized: boolean;
  /** Nanoseconds still to be slewed away. */
  offsetNs: number;
  /** How much faster the clock is made to run, in parts per million. */
  frequencyPpm: number;
  maxErrorUs: number;
}

/** Nanoseconds of `clock`: since 1970, or since the machine started (BOOTTIME counts sleep too). */
export function clockTime(clock: "REALTIME" | "MONOTONIC" | "BOOTTIME"): bigint {
  const time = new BigInt64Array(2);
  check("clock_gettime", c.symbols.clock_gettime(CLOCK[clock], time), clock);
  const [seconds = 0n, nanoseconds = 0n] = time;
  return seconds * NANOSECONDS + nanoseconds;
}

/** Sets the time of day to `ns` since 1970. @throws {SyscallError} EINVAL before 1970, EPERM. */
export function setClock(ns: bigint): void {
  const time = new BigInt64Array([ns / NANOSECONDS, ns % NANOSECONDS]);
  check("clock_settime", c.symbols.clock_settime(CLOCK.REALTIME, time), "REALTIME");
}

/** Moves the time of day by `offsetNs` at once, with no moment lost between reading and setting. */
export function stepClock(offsetNs: bigint): void {
  const seconds = floorDivide(offsetNs, NANOSECONDS);
  const timex = newTimex(CLOCK.ADJ_SETOFFSET | CLOCK.ADJ_NANO);
  timex.setBigInt64(CLOCK.timeSeconds, seconds, true);
  // The fraction must not be negative: -0.25 s is -1 s and 0.75 s.
  timex.setBigInt64(CLOCK.timeFraction, offsetNs - seconds * NANOSECONDS, true);
  adjust(timex);
}

/**
 * Brings the clock nearer by `offsetNs` without a jump, by the kernel's phase-locked loop; `pollLog2`
 * is how often that is done, in seconds as a power of two.
 * The kernel takes at most half a second and cuts the rest.
 */
export function slewClock(offsetNs: bigint, pollLog2 = 6): void {
  const modes = CLOCK.ADJ_OFFSET | CLOCK.ADJ_STATUS | CLOCK.ADJ_NANO | CLOCK.ADJ_TIMECONST;
  const timex = newTimex(modes);
  timex.setBigInt64(CLOCK.offset, offsetNs, true);
  const current = newTimex(0);
  adjust(current);
  // The other bits say whether the clock is right, which a slew alone does not change.
  timex.setInt32(CLOCK.status, current.getInt32(CLOCK.status, true) | CLOCK.STA_PLL, true);
  // The kernel adds 4 to the constant unless it counts in nanoseconds.
  timex.setBigInt64(CLOCK.constant, BigInt(pollLog2), true);
  adjust(timex);
}

/** Tells the kernel that the clock is right to `maxErrorUs`; it then keeps the hardware clock too. */
export function markSynchronized(maxErrorUs: number): void {
  const timex = newTimex(CLOCK.ADJ_STATUS | CLOCK.ADJ_MAXERROR | CLOCK.ADJ_ESTERROR);
  timex.setInt32(CLOCK.status, CLOCK.STA_PLL, true);
  timex.setBigInt64(CLOCK.maxError, BigInt(maxErrorUs), true);
  timex.setBigInt64(CLOCK.estimatedError, BigInt(maxErrorUs), true);
  adjust(timex);
}

/** How the clock stands; changes nothing and needs no rights. */
export function clockState(): ClockState {
  const timex = newTimex(0);
  const state = adjust(timex);
  const status = timex.getInt32(CLOCK.status, true);
  const offset = Number(timex.getBigInt64(CLOCK.offset, true));
  return {
    synchronized: state !== CLOCK.TIME_ERROR && (status & CLOCK.STA_UNSYNC) === 0,
    offsetNs: status & CLOCK.STA_NANO ? offset : offset * 1000,
    frequencyPpm: Number(timex.getBigInt64(CLOCK.frequency, true)) / 65536,
    maxErrorUs: Number(timex.getBigInt64(CLOCK.maxError, true)),
  };
}

function newTimex(modes: number): DataView<ArrayBuffer> {
  const timex = new DataView(new ArrayBuffer(CLOCK.timexSize));
  timex.setUint32(CLOCK.modes, modes, true);
  return timex;
}

function adjust(timex: DataView<ArrayBuffer>): number {
  return check("adjtimex", c.symbols.adjtimex(timex));
}

function floorDivide(a: bigint, b: bigint): bigint {
  return a < 0n && a % b !== 0n ? a / b - 1n : a / b;
}
