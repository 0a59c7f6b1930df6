import { parseDurationMs } from "$lib/cli/mod.ts";
import { type Day, DAYS, type Window } from "$lib/pool/mod.ts";

const DAY_MS = 24 * 3_600_000;

/** When upgrades may begin next: `now` itself inside the window; undefined when it never opens. Milliseconds, UTC. */
export function nextOpening(window: Window | undefined, now: number): number | undefined {
  if (!window) return now;
  const durationMs = Math.min(parseDurationMs(window.duration), DAY_MS);
  if (durationMs <= 0) return undefined;
  const [hours = 0, minutes = 0] = window.start.split(":").map(Number);
  const midnight = Math.floor(now / DAY_MS) * DAY_MS;
  // One that opened yesterday may still be open; the same day of the next week opens at the latest.
  for (let day = -1; day <= 7; day++) {
    const opens = midnight + day * DAY_MS + (hours * 60 + minutes) * 60_000;
    if (opens + durationMs <= now || !opensOn(window, opens)) continue;
    return Math.max(opens, now);
  }
  return undefined;
}

function opensOn({ days }: Window, at: number): boolean {
  return days === undefined || days.length === 0 || days.includes(dayOf(at));
}

function dayOf(at: number): Day {
  return DAYS[(new Date(at).getUTCDay() + 6) % 7] as Day;
}
