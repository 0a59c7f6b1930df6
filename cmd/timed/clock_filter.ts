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
  #correctedNs = 0n;

  /** Takes a new measurement; gives the best one of that server, as of now. */
  best(measurement: Measurement, monotonicNs: bigint): Measurement {
    const { address } = measurement;
    const sample = { measurement, monotonicNs, correctedNs: this.#correctedNs };
    const samples = [...this.#samples.get(address) ?? [], sample].slice(-SAMPLES);
    this.#samples.set(address, samples);
    const aged = samples.map((one) => this.#aged(one, monotonicNs));
    return aged.reduce((best, one) => distanceNs(one) < distanceNs(best) ? one : best);
  }

  /** The clock was slewed by so much: what was measured before is off by as much less. */
  slewed(offsetNs: bigint): void {
    this.#correctedNs += offsetNs;
  }

  /** The clock was stepped: what was measured before tells nothing any more. */
  clear(): void {
    this.#samples.clear();
  }

  #aged({ measurement, monotonicNs, correctedNs }: Sample, nowNs: bigint): Measurement {
    const ageing = (nowNs - monotonicNs) * AGEING_PER_MILLION / 1_000_000n;
    return {
      ...measurement,
      offsetNs: measurement.offsetNs - (this.#correctedNs - correctedNs),
      rootDistanceNs: measurement.rootDistanceNs + ageing,
    };
  }
}
