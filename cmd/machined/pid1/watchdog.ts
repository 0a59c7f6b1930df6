/** Feeding the hardware watchdog that the early stage armed. */
import { Fd, O } from "$ffi/fd.ts";

/** Far below the device's limit of 60 s, far above what a busy loop delays. */
const FEED_MS = 10_000;

/** Feeds the watchdog from the main loop: when the loop stops turning, the hardware resets us. */
export function feedWatchdog(log: (line: string) => void): void {
  let device: Fd;
  try {
    device = Fd.open("/dev/watchdog", O.WRONLY);
  } catch {
    log("no hardware watchdog: a hang of this machine is not ended by itself");
    return;
  }
  const feed = () => void device.write(new Uint8Array([0]));
  feed();
  setInterval(feed, FEED_MS);
  log("hardware watchdog is fed");
}
