/** Feeding the hardware watchdog that the early stage armed. */
import { Watchdog } from "$ffi/watchdog.ts";

/** Far below the device's limit of 60 s, far above what a busy loop delays. */
const FEED_MS = 10_000;

/**
 * Feeds the watchdog from the main loop: when the loop stops turning, or the machine is `overdue` to
 * end, the hardware resets us.
 */
export function feedWatchdog(log: (line: string) => void, overdue: () => boolean): void {
  let watchdog: Watchdog;
  try {
    watchdog = Watchdog.arm();
  } catch {
    log("no hardware watchdog: a hang of this machine is not ended by itself");
    return;
  }
  watchdog.feed();
  setInterval(() => overdue() || watchdog.feed(), FEED_MS);
  log("hardware watchdog is fed");
}
