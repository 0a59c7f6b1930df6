import { type Clock, systemClock } from "$lib/clock/mod.ts";
import { type Check, CHECKS } from "./checks.ts";
import type { Cluster } from "./cluster.ts";

/** How a cluster is waited for. */
export interface HealthOptions {
  /** How long all of the checks may take together. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** How often a check is tried; 2 seconds when absent. */
  readonly pollMs?: number;
  readonly clock?: Clock;
}

const POLL_MS = 2_000;

/** Something to wait for: what it is, and why it is not there yet. */
export interface Awaited {
  readonly name: string;
  fault(): Promise<string | undefined>;
}

/** Waits until each check of a cluster holds, as `waitFor` does. */
export function checkHealth(
  cluster: Cluster,
  { checks = CHECKS, ...options }: HealthOptions & { readonly checks?: readonly Check[] },
): AsyncGenerator<string, void> {
  return waitFor(
    checks.map(({ name, fault }) => ({ name, fault: () => fault(cluster) })),
    options,
  );
}

/**
 * Waits for one after the other. Yields what there is to tell: `waiting for <name>: ...`, then each
 * new reason why not, then `OK`. @throws {Error} when the time is over, with the last reason
 */
export async function* waitFor(
  awaited: readonly Awaited[],
  { timeoutMs, signal, pollMs = POLL_MS, clock = systemClock }: HealthOptions,
): AsyncGenerator<string, void> {
  const deadline = clock.monotonic() + timeoutMs;
  for (const one of awaited) {
    let told = "...";
    yield `waiting for ${one.name}: ${told}`;
    for (;;) {
      const fault = await faultOf(one, signal);
      if (fault === undefined) break;
      if (fault !== told) yield `waiting for ${one.name}: ${fault}`;
      told = fault;
      if (clock.monotonic() >= deadline) {
        throw new Error(
          `Cannot confirm health: waited ${Math.round(timeoutMs / 1_000)} s, ` +
            `last for ${one.name}: ${fault}`,
        );
      }
      await clock.sleep(Math.min(pollMs, deadline - clock.monotonic()), signal);
      signal.throwIfAborted();
    }
    yield `waiting for ${one.name}: OK`;
  }
}

async function faultOf(awaited: Awaited, signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  try {
    return await awaited.fault();
  } catch (error) {
    signal.throwIfAborted();
    const text = error instanceof Error ? error.message : String(error);
    // A reason is one line of progress.
    return text.replaceAll(/\s*\n\s*/g, " ").trim() || "it failed without a reason";
  }
}
