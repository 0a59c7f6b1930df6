import type { Clock } from "$lib/clock/mod.ts";
import type { ServiceHealthCheck } from "./service.ts";

/** What a health check takes where its definition says nothing, in milliseconds. */
export const HEALTH_DEFAULTS = { initialDelayMs: 1_000, periodMs: 5_000, timeoutMs: 500 } as const;

/** Runs `health.check` again and again until `signal` is aborted; each result goes to `onResult`. */
export async function watchHealth(
  health: ServiceHealthCheck,
  options: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly onResult: (healthy: boolean, message: string) => void;
  },
): Promise<void> {
  const { clock, signal, onResult } = options;
  const { initialDelayMs, periodMs, timeoutMs } = { ...HEALTH_DEFAULTS, ...health };
  let pauseMs = health.startPeriodMs ?? periodMs;
  let hanging: Promise<void> | undefined;
  await clock.sleep(initialDelayMs, signal);
  while (!signal.aborted) {
    // A check that ignores its deadline is waited for, not joined by more of its kind.
    if (hanging) onResult(false, `no answer to an earlier check`);
    else {
      const { fault, left } = await checkOnce(health, { clock, signal, timeoutMs });
      if (signal.aborted) return;
      onResult(fault === undefined, fault ?? "");
      if (fault === undefined) pauseMs = periodMs;
      if (left) hanging = left.finally(() => hanging = undefined);
    }
    await clock.sleep(pauseMs, signal);
  }
}

/** Why the check failed, if it did, and the check itself when it outlived its deadline. */
async function checkOnce(
  health: ServiceHealthCheck,
  options: { clock: Clock; signal: AbortSignal; timeoutMs: number },
): Promise<{ fault?: string; left?: Promise<void> }> {
  const { clock, signal, timeoutMs } = options;
  const answered = new AbortController();
  const deadline = new AbortController();
  const late = clock.sleep(timeoutMs, AbortSignal.any([signal, answered.signal])).then(() => {
    deadline.abort(new Error("deadline exceeded"));
    return { fault: `no answer within ${timeoutMs} ms`, left };
  });
  const checked = Promise.resolve().then(() => health.check(deadline.signal)).then(
    () => ({}),
    (error: unknown) => ({ fault: messageOf(error) }),
  );
  const left = checked.then(() => {});
  try {
    return await Promise.race([checked, late]);
  } finally {
    answered.abort();
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
