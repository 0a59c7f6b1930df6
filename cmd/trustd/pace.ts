/** How often each of many may do something. */
export interface PaceLimits {
  /** What one may do at once. */
  readonly burst: number;
  /** What one may do a second in the long run. */
  readonly perSecond: number;
  /** How many are remembered; the one not heard of for the longest is forgotten first. */
  readonly maxKnown: number;
}

/** What is left to one. */
interface Bucket {
  left: number;
  atMs: number;
}

/** Counts what each of many does, within a bound of memory. */
export class Pace {
  readonly #buckets = new Map<string, Bucket>();

  constructor(readonly limits: PaceLimits, readonly nowMs: () => number) {}

  /** Whether `who` may do it now; counts it when so. */
  take(who: string): boolean {
    const bucket = this.#refilled(who);
    if (bucket.left < 1) return false;
    bucket.left--;
    return true;
  }

  #refilled(who: string): Bucket {
    const { burst, perSecond, maxKnown } = this.limits;
    const now = this.nowMs();
    const bucket = this.#buckets.get(who) ?? { left: burst, atMs: now };
    bucket.left = Math.min(burst, bucket.left + (now - bucket.atMs) / 1_000 * perSecond);
    bucket.atMs = now;
    // Deleting and setting anew keeps the map in order of last use.
    this.#buckets.delete(who);
    this.#buckets.set(who, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > maxKnown && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}
