import { type Clock, systemClock } from "$lib/clock/mod.ts";

/** How waiting goes about it. */
export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  readonly pollMs?: number;
  readonly clock?: Clock;
}

const POLL_MS = 2_000;

/**
 * Waits until `fault` gives undefined; says each new reason why not. An API server that is being
 * replaced does not answer: what `fault` throws is a reason too. @throws {Error} with the last one
 */
export async function waitUntil(
  what: string,
  fault: () => Promise<string | undefined>,
  { timeoutMs, signal, say, pollMs = POLL_MS, clock = systemClock }: WaitOptions,
): Promise<void> {
  const deadline = clock.monotonic() + timeoutMs;
  let told = "";
  for (;;) {
    signal.throwIfAborted();
    const reason = await fault().catch((error) =>
      error instanceof Error ? error.message : String(error)
    );
    if (reason === undefined) return;
    if (reason !== told) say(told = reason);
    if (clock.monotonic() >= deadline) {
      throw new Error(
        `Cannot see ${what}: ${reason}, still so after ${Math.round(timeoutMs / 60_000)} minutes`,
      );
    }
    await clock.sleep(pollMs, signal);
  }
}
