/**
 * The kernel's log: reads its records, writes records of ours.
 *
 * @module
 */
import { isSyscallError } from "./errno.ts";
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

/** One record of the kernel's log. */
export interface KernelRecord {
  /** 0 is the kernel itself, 1 user programs, 3 daemons. */
  facility: number;
  /** A number of LEVELS. */
  level: number;
  sequence: number;
  /** Microseconds on the monotonic clock. */
  timestampUs: number;
  message: string;
}

/** What to read of the log. */
export interface KernelLogOptions {
  poller: FdPoller;
  /** Go on with new records once the old ones are read. */
  follow?: boolean;
  /** Leave out the records that are there. */
  tail?: boolean;
  signal?: AbortSignal;
}

/** The text of a record of /dev/kmsg as its parts; undefined when it is none. */
export function parseKernelRecord(text: string): KernelRecord | undefined {
  const match = /^(\d+),(\d+),(\d+),[^;]*;([^\n]*)/.exec(text);
  if (!match) return undefined;
  const [, priority, sequence, timestampUs, message = ""] = match;
  return {
    facility: Number(priority) >> 3,
    level: Number(priority) & 7,
    sequence: Number(sequence),
    timestampUs: Number(timestampUs),
    message: unescape(message),
  };
}

/**
 * The records of the kernel's log, oldest first; ends after the last one, or with follow when
 * `signal` does. Records lost to a reader that is too slow are left out, as `sequence` shows.
 */
export async function* kernelLog(options: KernelLogOptions): AsyncGenerator<KernelRecord> {
  const { poller, follow = false, tail = false, signal } = options;
  using file = Fd.open(KMSG, O.RDONLY | O.NONBLOCK);
  if (tail) file.seek(0, "END");
  const buffer = new Uint8Array(RECORD_BYTES);
  const decoder = new TextDecoder();
  while (!signal?.aborted) {
    const count = readRecord(file, buffer);
    if (count !== undefined) {
      const record = parseKernelRecord(decoder.decode(buffer.subarray(0, count)));
      if (record) yield record;
    } else if (follow) {
      const ended = await untilReadable(file, poller, signal);
      if (ended) return;
    } else {
      return;
    }
  }
}

/** A writer to the kernel's log; hold it by `using`. */
export class KernelLogWriter implements Disposable {
  readonly #file = Fd.open(KMSG, O.WRONLY);

  /** Writes each line of `text` as a record of its own, cut where the kernel would refuse it. */
  write(text: string, level: keyof typeof LEVELS = "info"): void {
    // Facility 3 is daemons: the kernel keeps 0 for itself.
    const prefix = `<${(3 << 3) | LEVELS[level]}>`;
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

/** Bytes of the next record, undefined at the end. */
function readRecord(file: Fd, buffer: Uint8Array<ArrayBuffer>): number | undefined {
  for (;;) {
    try {
      return file.read(buffer);
    } catch (error) {
      // Records were overwritten before we read them: the next read goes on with what is left.
      if (!isSyscallError(error, "EPIPE")) throw error;
    }
  }
}

async function untilReadable(
  file: Fd,
  poller: FdPoller,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await poller.readable(file, signal);
    return false;
  } catch (error) {
    if (signal?.aborted) return true;
    throw error;
  }
}

/** The kernel writes unprintable bytes and backslashes as \xNN. */
function unescape(message: string): string {
  if (!message.includes("\\x")) return message;
  const bytes: number[] = [];
  const encoded = new TextEncoder().encode(message);
  for (let i = 0; i < encoded.length; i++) {
    const hex = /^\\x([0-9a-f]{2})$/.exec(String.fromCharCode(...encoded.subarray(i, i + 4)));
    bytes.push(hex ? Number.parseInt(hex[1] ?? "", 16) : encoded[i] ?? 0);
    if (hex) i += 3;
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}
