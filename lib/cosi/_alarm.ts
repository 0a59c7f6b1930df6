import { setImmediate } from "node:timers/promises";
import type { Clock } from "$lib/clock/mod.ts";
import { Pace, type PaceLimits } from "./pace.ts";

/** Longer sleeps are cut: a wall clock that jumps should not be slept through. */
const MAX_SLEEP_MS = 3_600_000;

/** Wakes a controller: rings that come together count as one, and too many are spread out. */
export class Alarm {
  readonly #pace: Pace;
  #due = true;
  #resume: (() => void) | undefined;
  #hurried = false;

  constructor(
    readonly deps: { clock: Clock; pace: PaceLimits; onHurry: () => void },
  ) {
    this.#pace = new Pace(deps.clock.monotonic(), deps.pace);
  }

  /** Whether somebody sleeps and nothing is due. */
  get quiet(): boolean {
    return this.#resume !== undefined && !this.#due;
  }

  ring(): void {
    this.#due = true;
    this.#resume?.();
  }

  /** Ends a sleep without anything being due. */
  stop(): void {
    this.#resume?.();
  }

  /** Resolves at the next ring, after `againMs`, or at a stop; as late as the pace asks. */
  async next(againMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#due && !signal.aborted) await this.#sleep(againMs);
    const { clock, onHurry } = this.deps;
    const waitMs = this.#pace.take(clock.monotonic());
    if (waitMs > 0) {
      if (!this.#hurried) onHurry();
      await clock.sleep(waitMs, signal);
    } else {
      // A turn of the event loop: controllers that wake each other for ever starve nobody, and
      // changes that come together make one pass.
      await setImmediate();
    }
    this.#hurried = waitMs > 0;
    this.#due = false;
  }

  async #sleep(againMs: number): Promise<void> {
    const rung = Promise.withResolvers<void>();
    this.#resume = rung.resolve;
    if (againMs === Infinity) {
      await rung.promise;
    } else {
      const over = new AbortController();
      this.deps.clock.sleep(Math.min(againMs, MAX_SLEEP_MS), over.signal).then(rung.resolve);
      await rung.promise;
      over.abort();
    }
    this.#resume = undefined;
  }
}
