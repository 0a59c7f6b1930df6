/**
 * The kernel's log: reads its records, writes records of ours.
 *
 * @module
 */
import { Fd, O } from "./fd.ts";
import type { FdPoller } from "./poller.ts";

const KMSG = "/dev/kmsg";
/** The longest record with its dictionary; a shorter buffer is EINVAL. */
const RECORD_BYTES = 8192;
/** The kernel refuses lines above some 1000 bytes, and gives readers no more than 2048. */
const LINE_BYTES = 900;

/** Severities, as in syslog. */
export const LEVELS = {
  emergency: 0,
  alert: 1,
  critical: 2,
  error: 3,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
} as const;

/** A reader of the kernel's log that stands at its oldest record; hold it by `using`. */
export class KernelLogReader implements Disposable {
  readonly #file = Fd.open(KMSG, O.RDONLY | O.NONBLOCK);

  /**
   * The next record as the kernel gives it, or undefined when there is none yet.
   * @throws {SyscallError} EPIPE, once, when records it stood at were overwritten.
   */
  read(): Uint8Array<ArrayBuffer> | undefined {
    const buffer = new Uint8Array(RECORD_BYTES);
    const count = this.#file.read(buffer);
    return count === undefined ? undefined : buffer.subarray(0, count);
  }

  /** Resolves when there is something to read. @throws what `signal` is aborted with. */
  ready(poller: FdPoller, signal?: AbortSignal): Promise<void> {
    return poller.readable(this.#file, signal);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** A writer to the kernel's log; hold it by `using`. */
export class KernelLogWriter implements Disposable {
  readonly #file = Fd.open(KMSG, O.WRONLY);

  /** Writes each line of `text` as a record of its own, cut where the kernel would refuse it. */
  write(text: string, level: keyof typeof LEVELS = "info"): void {
    // Facility 1 is programs: the kernel keeps 0 for itself.
    const prefix = `<${(1 << 3) | LEVELS[level]}>`;
    for (const line of text.split("\n")) {
      if (line === "") continue;
      // Without the newline readers do not see the record until the next one.
      this.#file.write(new TextEncoder().encode(`${prefix}${cut(line)}\n`));
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** As much of `line` as a record holds: readers get what is not printable ASCII as four bytes each. */
function cut(line: string): string {
  let room = LINE_BYTES;
  let end = 0;
  for (const character of line) {
    const plain = /^[ -[\]-~]$/.test(character);
    room -= plain ? 1 : 4 * new TextEncoder().encode(character).length;
    if (room < 0) break;
    end += character.length;
  }
  return line.slice(0, end);
}
