import type { Measurement } from "./sntp.ts";
import { distanceNs } from "./select.ts";

/** A measurement, when it was made, and what the clock had been corrected by until then. */
interface Sample {
  readonly measurement: Measurement;
  readonly monotonicNs: bigint;
  readonly correctedNs: bigint;
}

const SAMPLES = 8;
/** PHI of RFC 5905: so fast a measurement loses its worth. */
const AGEING_PER_MILLION = 15n;

/**
 * The last eight measurements of each server (RFC 5905, 10): one that was long on its way is worth
 * less than an older one that was not, so a burst of traffic does not move the clock.
 */
export class ClockFilter {
  readonly #samples = new Map<string, readonly Sample[]>();

  /**
   * Takes a new measurement; gives the best one of that server, as of now. By `correctedNs` the clock
   * was slewed so far, since any time: what was measured earlier is off by so much less.
   */
  best(
    measurement: Measurement,
    { monotonicNs, correctedNs }: Omit<Sample, "measurement">,
  ): Measurement {
    const { address } = measurement;
    const sample = { measurement, monotonicNs, correctedNs };
    const samples = [...this.#samples.get(address) ?? [], sample].slice(-SAMPLES);
    this.#samples.set(address, samples);
    // Of equals the newest.
    return samples.map((one) => aged(one, sample))
      .reduce((best, one) => distanceNs(one) <= distanceNs(best) ? one : best);
  }

  /** The clock was stepped: what was measured before tells nothing any more. */
  clear(): void {
    this.#samples.clear();
  }
}

/** The measurement of `sample` as it would be made together with that of `now`. */
function aged({ measurement, monotonicNs, correctedNs }: Sample, now: Sample): Measurement {
  const ageing = (now.monotonicNs - monotonicNs) * AGEING_PER_MILLION / 1_000_000n;
  return {
    ...measurement,
    offsetNs: measurement.offsetNs - (now.correctedNs - correctedNs),
    rootDistanceNs: measurement.rootDistanceNs + ageing,
  };
}
