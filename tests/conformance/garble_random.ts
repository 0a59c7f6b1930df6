/** Random numbers that a seed decides, so that a failure can be made to happen again. */
export class Random {
  #state: number;
  constructor(seed: number, index = 0) {
    // Neighbouring cases must not look alike.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
    for (let i = 0; i < 4; i++) this.next();
  }

  /** A number from 0 to below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from `low` to below `high`. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low));
  }

  /** One of `choices`. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.int(0, choices.length)] ?? choices[0];
  }

  /** Between `low` and below `high` random bytes. */
  bytes(low: number, high: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: this.int(low, high) }, () => this.int(0, 256));
  }
}
