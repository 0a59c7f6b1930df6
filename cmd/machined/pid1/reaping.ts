/** Burying orphans: every process whose parent is gone becomes a child of PID 1. */

/** What reaping needs; `$ffi/reaper.ts` fits it. */
export interface OrphanReaper {
  reap(): number;
}

/**
 * SIGCHLD may be missed while a child of our own, not yet waited for, stands in front of the others:
 * the timer takes those.
 */
const SWEEP_MS = 1_000;

/** Reaps on each SIGCHLD and by a slow timer, for as long as the process lives. */
export function keepReaping(reaper: OrphanReaper): void {
  Deno.addSignalListener("SIGCHLD", () => reaper.reap());
  setInterval(() => reaper.reap(), SWEEP_MS);
}
