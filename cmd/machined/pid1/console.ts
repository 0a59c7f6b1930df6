/** The two ways to a person at the machine: the kernel log and the console itself. */
import { Fd, O } from "$ffi/fd.ts";
import { KernelLogWriter } from "$ffi/kmsg.ts";

const encoder = new TextEncoder();

/** Writes records of priority info into the kernel log; one descriptor serves for life. */
export function kernelLog(): (text: string) => void {
  const writer = new KernelLogWriter();
  return (text) => writer.write(text);
}

/** Writes to the console past the kernel log. A console that does not take it is left alone. */
export function writeConsole(text: string): void {
  try {
    using device = Fd.open("/dev/console", O.WRONLY | O.NOCTTY | O.NONBLOCK);
    device.write(encoder.encode(text));
  } catch {
    // EAGAIN of a serial line with nobody at the other end, EIO without a console.
  }
}
