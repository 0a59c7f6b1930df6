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
  readonly checks?: readonly Check[];
  readonly clock?: Clock;
}

const POLL_MS = 2_000;

/**
 * Waits until each check in turn holds. Yields what there is to tell: `waiting for <check>: ...`,
 * then each new reason why not, then `OK`. @throws {Error} when the time is over, with the last reason
 */
export async function* checkHealth(
  cluster: Cluster,
  { timeoutMs, signal, pollMs = POLL_MS, checks = CHECKS, clock = systemClock }: HealthOptions,
): AsyncGenerator<string> {
  const deadline = clock.monotonic() + timeoutMs;
  for (const check of checks) {
    let told = "...";
    yield `waiting for ${check.name}: ${told}`;
    for (;;) {
      const fault = await faultOf(check, cluster, signal);
      if (fault === undefined) break;
      if (fault !== told) yield `waiting for ${check.name}: ${fault}`;
      told = fault;
      if (clock.monotonic() >= deadline) {
        throw new Error(
          `Cannot confirm health: waited ${Math.round(timeoutMs / 1_000)} s, ` +
            `last for ${check.name}: ${fault}`,
        );
      }
      await clock.sleep(Math.min(pollMs, deadline - clock.monotonic()), signal);
      signal.throwIfAborted();
    }
    yield `waiting for ${check.name}: OK`;
  }
}

async function faultOf(
  check: Check,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<string | undefined> {
  signal.throwIfAborted();
  try {
    return await check.fault(cluster);
  } catch (error) {
    signal.throwIfAborted();
    const text = error instanceof Error ? error.message : String(error);
    // A reason is one line of progress.
    return text.replaceAll(/\s*\n\s*/g, " ").trim() || "it failed without a reason";
  }
}
