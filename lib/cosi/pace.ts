/** How many passes a controller may make. */
export interface PaceLimits {
  /** Passes without any wait; 200 unless told. */
  readonly burst?: number;
  /** Passes a second after that; 50 unless told. Infinity sets no limit. */
  readonly perSecond?: number;
}

/** A controller that wakes itself for ever is held to so many passes a second. */
export class Pace {
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #atMs: number;

  constructor(nowMs: number, { burst = 200, perSecond = 50 }: PaceLimits = {}) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Takes one pass at this monotonic time, and gives the milliseconds to wait before it. */
  take(nowMs: number): number {
    const earned = Math.max(0, nowMs - this.#atMs) * this.#perMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + (Number.isNaN(earned) ? 0 : earned)) - 1;
    this.#atMs = nowMs;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs;
  }
}
