/** A moment by two clocks: the one that is kept, and one that nobody sets. */
export interface Moment {
  readonly localNs: bigint;
  readonly monotonicNs: bigint;
}

/** Claims that contradict the time kept so far, and how often they were made in a row. */
export interface Doubt {
  readonly jumpNs: bigint;
  readonly times: number;
}

/** How far two claims may be apart to be the same one, and a claim from what is expected. */
const TOLERANCE_NS = 128_000_000n;
/** No crystal is worse than 500 ppm: so much may come about since the last correction. */
const DRIFT_PER_MILLION = 500n;
/** PANICT of RFC 5905: nothing honest jumps so far. */
const PANIC_NS = 1_000_000_000_000n;
const CONFIRMATIONS = { ordinary: 2, panic: 4 } as const;

/**
 * What is to be doubted of the claim that it is `claimNs` at `now`; nothing when it is believed. Since the last correction the monotonic clock says
 * what time it must be; a claim that contradicts it counts once it was made several times in a row. A
 * local clock that somebody set contradicts nothing: it is the claim that fits.
 */
export function doubtOf(
  claimNs: bigint,
  now: Moment,
  last: Moment | undefined,
  doubt: Doubt | undefined,
): Doubt | undefined {
  if (!last) return undefined;
  const elapsed = now.monotonicNs - last.monotonicNs;
  const jumpNs = claimNs - (last.localNs + elapsed);
  if (size(jumpNs) <= TOLERANCE_NS + elapsed * DRIFT_PER_MILLION / 1_000_000n) return undefined;
  const again = doubt !== undefined && size(doubt.jumpNs - jumpNs) <= TOLERANCE_NS;
  const times = again ? doubt.times + 1 : 1;
  const needed = size(jumpNs) > PANIC_NS ? CONFIRMATIONS.panic : CONFIRMATIONS.ordinary;
  return times >= needed ? undefined : { jumpNs, times };
}

/** Milliseconds after which a doubted claim is looked at again: soon, unless it is outrageous. */
export function doubtDelayMs({ jumpNs }: Doubt): number {
  return size(jumpNs) > PANIC_NS ? 64_000 : 4_000;
}

function size(ns: bigint): bigint {
  return ns < 0n ? -ns : ns;
}
