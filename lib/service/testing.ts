/**
 * A clock for tests that moves only when told.
 *
 * @module
 */
import type { Clock } from "$lib/clock/mod.ts";

/** Time that stands still until `advance` moves it. */
export class FakeClock implements Clock {
  readonly #sleepers = new Set<{ atMs: number; wake: () => void }>();
  #ms: number;
  #stepsMs = 0;

  constructor(startMs = 1_600_000_000_000) {
    this.#ms = startMs;
  }

  now(): number {
    return this.#ms + this.#stepsMs;
  }

  /** Sets the wall clock by `ms`, as who finds it wrong does: nobody who sleeps notices. */
  step(ms: number): void {
    this.#stepsMs += ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { atMs: this.#ms + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        resolve();
      }, { once: true });
    });
  }

  /** Moves time by `ms`, waking sleepers in order and letting what they started run. */
  async advance(ms: number): Promise<void> {
    const end = this.#ms + ms;
    await settle();
    for (;;) {
      const due = [...this.#sleepers].filter((s) => s.atMs <= end);
      const next = due.sort((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      this.#ms = Math.max(this.#ms, next.atMs);
      this.#sleepers.delete(next);
      next.wake();
      await settle();
    }
    this.#ms = end;
  }
}

/** Lets all that is ready to run do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}
