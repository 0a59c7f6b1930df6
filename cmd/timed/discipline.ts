/** What to do about a measured offset. */
export type Correction = "step" | "slew";

/** An offset past this is a jump away: slewing it would take minutes to hours. */
const STEP_THRESHOLD_NS = 128_000_000n;
const MIN_POLL_MS = 64_000;
const MAX_POLL_MS = 1_024_000;
const FIRST_RETRY_MS = 1_000;

/** Steps what is more than 128 ms off, slews the rest. */
export function correctionOf(offsetNs: bigint): Correction {
  const size = offsetNs < 0n ? -offsetNs : offsetNs;
  return size > STEP_THRESHOLD_NS ? "step" : "slew";
}

/** Milliseconds to the next poll after a good answer: 64 to 1024 s, at random, so no fleet polls in step. */
export function pollDelayMs(random: () => number): number {
  return MIN_POLL_MS + Math.floor(random() * (MAX_POLL_MS - MIN_POLL_MS));
}

/**
 * Milliseconds to the next try after `failures` failures in a row: from 1 s doubling to 64 s, a
 * quarter more or less; at boot the name service may be seconds away.
 */
export function retryDelayMs(failures: number, random: () => number): number {
  const delay = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 16), MIN_POLL_MS);
  return Math.floor(delay * (0.75 + random() * 0.5));
}
