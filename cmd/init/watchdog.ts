/** The hardware watchdog: armed before anything can hang, fed later by machined. */
import { Fd, O } from "$ffi/fd.ts";

/**
 * Opening the device starts its clock; it was loaded so that closing it does not stop it again.
 * A machine without one boots on.
 */
export function armWatchdog(): void {
  try {
    using device = Fd.open("/dev/watchdog", O.WRONLY);
    device.write(new Uint8Array([0]));
  } catch {
    // No device: nothing to arm. machined tells in its log whether one feeds.
  }
}
