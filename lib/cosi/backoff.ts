/** Settings of a backoff. */
export interface BackoffOptions {
  /** Milliseconds after the first failure; 500 unless told. */
  readonly initialMs?: number;
  /** Milliseconds it never exceeds; 60,000 unless told. */
  readonly maximumMs?: number;
  /** From 0 to 1; spreads the waits by a fifth either way. */
  readonly random?: () => number;
}

/** How long to wait after each failure in a row: twice as long as before, up to a limit. */
export class Backoff {
  readonly #initialMs: number;
  readonly #maximumMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(options: BackoffOptions = {}) {
    this.#initialMs = options.initialMs ?? 500;
    this.#maximumMs = options.maximumMs ?? 60_000;
    this.#random = options.random ?? Math.random;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const plainMs = Math.min(this.#initialMs * 2 ** this.#failures, this.#maximumMs);
    this.#failures++;
    return Math.min(plainMs * (0.8 + 0.4 * this.#random()), this.#maximumMs);
  }

  /** Takes note of a success. */
  reset(): void {
    this.#failures = 0;
  }
}
