import type { Measurement } from "./sntp.ts";

/** What the servers that agree say together. */
export interface Agreement {
  /** How far the local clock is behind. */
  readonly offsetNs: bigint;
  /** How far off that may be. */
  readonly errorNs: bigint;
  /** Those that were heeded, the best first. */
  readonly heeded: readonly Measurement[];
  /** Those whose time cannot be right if the others' is. */
  readonly rejected: readonly Measurement[];
}

/** What a server may be off by at least, however good it says it is (MINDISP of RFC 5905). */
const MIN_DISTANCE_NS = 5_000_000n;

/** How far the true offset may lie from the measured one: half the way there and back, and the server's own error. */
export function distanceNs({ roundTripNs, rootDistanceNs }: Measurement): bigint {
  const distance = roundTripNs / 2n + rootDistanceNs;
  return distance > MIN_DISTANCE_NS ? distance : MIN_DISTANCE_NS;
}

/**
 * The time that more than half of the servers agree on (after RFC 5905, 11.2.1): every measurement is
 * an interval in which the truth lies; the one that most of them share is taken, and who does not
 * share it is rejected. Nothing when that leaves no more than half. Of the RFC's rules the one that
 * the middles must lie within as well is left out: a far server would contradict a near one.
 */
export function agree(measurements: readonly Measurement[]): Agreement | undefined {
  const shared = sharedInterval(measurements);
  if (!shared) return undefined;
  const shares = (measurement: Measurement) => {
    const { low, high } = intervalOf(measurement);
    return low <= shared.low && high >= shared.high;
  };
  const heeded = measurements.filter(shares)
    .toSorted((a, b) => Number(distanceNs(a) - distanceNs(b)));
  const [best] = heeded;
  if (!best || 2 * heeded.length <= measurements.length) return undefined;
  return {
    offsetNs: clamp(weightedOffset(heeded), shared),
    errorNs: distanceNs(best),
    heeded,
    rejected: measurements.filter((measurement) => !shares(measurement)),
  };
}

interface Interval {
  readonly low: bigint;
  readonly high: bigint;
}

function intervalOf(measurement: Measurement): Interval {
  const distance = distanceNs(measurement);
  return { low: measurement.offsetNs - distance, high: measurement.offsetNs + distance };
}

function sharedInterval(measurements: readonly Measurement[]): Interval | undefined {
  const intervals = measurements.map(intervalOf);
  for (let liars = 0; 2 * liars < measurements.length; liars++) {
    const needed = measurements.length - liars;
    const isShared = (at: bigint) =>
      intervals.filter(({ low, high }) => low <= at && high >= at).length >= needed;
    const lows = intervals.map(({ low }) => low).filter(isShared);
    const highs = intervals.map(({ high }) => high).filter(isShared);
    if (lows.length > 0 && highs.length > 0) {
      return { low: lows.reduce(lesser), high: highs.reduce(greater) };
    }
  }
  return undefined;
}

function lesser(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function greater(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function clamp(value: bigint, { low, high }: Interval): bigint {
  return greater(low, lesser(high, value));
}

/** The nearer and surer a server, the more it counts. */
function weightedOffset(measurements: readonly Measurement[]): bigint {
  const scale = 1_000_000_000_000n;
  let sum = 0n;
  let weights = 0n;
  for (const measurement of measurements) {
    const weight = scale / distanceNs(measurement);
    sum += measurement.offsetNs * weight;
    weights += weight;
  }
  return weights > 0n ? sum / weights : 0n;
}
