/**
 * The hardware watchdog: restarts the machine unless it is fed.
 *
 * @module
 */
import { Fd, O } from "./fd.ts";

/** ioctl requests of linux/watchdog.h, and offsets in struct watchdog_info. */
export const WATCHDOG = {
  WDIOC_GETSUPPORT: 0x80285700,
  WDIOC_KEEPALIVE: 0x80045705,
  WDIOC_SETTIMEOUT: 0xc0045706,
  WDIOC_GETTIMEOUT: 0x80045707,
  infoSize: 40,
  identity: 8,
  identitySize: 32,
} as const;

/** An armed watchdog: open it and it counts. Letting go without disarm() leaves it counting. */
export class Watchdog implements Disposable {
  readonly #fd: Fd;

  private constructor(fd: Fd) {
    this.#fd = fd;
  }

  /** Opens and so arms the watchdog at `path`. @throws {SyscallError} ENOENT, EBUSY when held. */
  static arm(path = "/dev/watchdog"): Watchdog {
    return new Watchdog(Fd.open(path, O.WRONLY));
  }

  /** What the driver calls itself. */
  get identity(): string {
    const info = new Uint8Array(WATCHDOG.infoSize);
    this.#fd.ioctl("WDIOC_GETSUPPORT", WATCHDOG.WDIOC_GETSUPPORT, info);
    const text = info.subarray(WATCHDOG.identity, WATCHDOG.identity + WATCHDOG.identitySize);
    const end = text.indexOf(0);
    return new TextDecoder().decode(end < 0 ? text : text.subarray(0, end));
  }

  /** Asks for a timeout in seconds and gives the one the hardware took. */
  setTimeout(seconds: number): number {
    const value = new Int32Array([seconds]);
    this.#fd.ioctl("WDIOC_SETTIMEOUT", WATCHDOG.WDIOC_SETTIMEOUT, value);
    return value[0] ?? seconds;
  }

  /** Seconds from the last feed() to the restart. */
  get timeout(): number {
    const value = new Int32Array(1);
    this.#fd.ioctl("WDIOC_GETTIMEOUT", WATCHDOG.WDIOC_GETTIMEOUT, value);
    return value[0] ?? 0;
  }

  /** Starts the count anew. */
  feed(): void {
    this.#fd.ioctl("WDIOC_KEEPALIVE", WATCHDOG.WDIOC_KEEPALIVE, new Int32Array(1));
  }

  /** Stops the watchdog, unless its driver or the kernel forbids that. */
  disarm(): void {
    // The magic letter right before close tells an end on purpose from a crash.
    this.#fd.writeAll(new TextEncoder().encode("V"));
    this.#fd.close();
  }

  /** Lets go: the machine restarts when the count ends, which is what a crashed feeder deserves. */
  [Symbol.dispose](): void {
    this.#fd.close();
  }
}
