import { Wake } from "./_wake.ts";

/** Sizes of a log buffer in bytes. */
export interface LogBufferSizes {
  /** What the first line allocates. */
  readonly initialBytes: number;
  /** What the buffer grows to before old lines are overwritten. */
  readonly maximumBytes: number;
  /** How far behind the overwritten end a reader starts, so that it is not lapped at once. */
  readonly gapBytes: number;
}

/** The sizes every service log has. */
export const LOG_BUFFER_SIZES: LogBufferSizes = {
  initialBytes: 16 * 1024,
  maximumBytes: 1024 * 1024,
  gapBytes: 2 * 1024,
};

/** A line is cut after this many bytes: one line never pushes out all the others. */
export const MAX_LINE_BYTES = 32 * 1024;

const CHUNK_BYTES = 32 * 1024;
const NEWLINE = 10;

/**
 * A log in memory: whole lines in a ring that grows from 16 KiB to 1 MiB. Readers hold a position
 * and no copy, so a reader that sleeps costs nothing; one that is lapped is told how much it missed.
 */
export class LogBuffer {
  readonly #sizes: LogBufferSizes;
  readonly #wake = new Wake();
  #ring = new Uint8Array(0);
  #written = 0;

  constructor(sizes: Partial<LogBufferSizes> = {}) {
    this.#sizes = { ...LOG_BUFFER_SIZES, ...sizes };
  }

  /** Bytes held in memory now. */
  get capacityBytes(): number {
    return this.#ring.length;
  }

  /** Bytes appended since the start, overwritten ones included. */
  get writtenBytes(): number {
    return this.#written;
  }

  /** Appends `line` and a line feed; a line feed inside makes two lines, an over-long line is cut. */
  append(line: string): void {
    for (const part of line.split("\n")) this.#appendLine(part);
    this.#wake.notify();
  }

  /** The last `lines` lines, all that is kept when negative. */
  tail(lines = -1): Uint8Array<ArrayBuffer> {
    const start = this.#tailStart(lines);
    return this.#copy(start, this.#written);
  }

  /**
   * Yields the last `lines` lines (all when negative), then new ones as they come, until `signal` is
   * aborted. A reader that was overtaken gets one line that says how many bytes it missed.
   */
  async *follow(signal: AbortSignal, lines = -1): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    let position = this.#tailStart(lines);
    while (!signal.aborted) {
      if (position < this.#written - this.#ring.length) {
        const resumed = this.#oldestLine();
        yield overrunNote(resumed - position);
        position = resumed;
        continue;
      }
      if (position === this.#written) {
        await this.#wake.next(signal);
        continue;
      }
      const end = this.#chunkEnd(position);
      const chunk = this.#copy(position, end);
      position = end;
      yield chunk;
    }
  }

  #appendLine(line: string): void {
    const bytes = new TextEncoder().encode(`${line}\n`);
    const limit = Math.min(MAX_LINE_BYTES, this.#sizes.maximumBytes >> 1);
    if (bytes.length <= limit) return this.#write(bytes);
    const cut = bytes.slice(0, limit);
    cut[limit - 1] = NEWLINE;
    this.#write(cut);
  }

  #write(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    const at = this.#written % this.#ring.length;
    const first = Math.min(bytes.length, this.#ring.length - at);
    this.#ring.set(bytes.subarray(0, first), at);
    this.#ring.set(bytes.subarray(first), 0);
    this.#written += bytes.length;
  }

  /** Grows the ring while that is allowed and nothing was overwritten yet. */
  #reserve(bytes: number): void {
    const { initialBytes, maximumBytes } = this.#sizes;
    let size = Math.max(this.#ring.length, Math.min(initialBytes, maximumBytes));
    while (size < maximumBytes && this.#written + bytes > size) {
      size = Math.min(size * 2, maximumBytes);
    }
    if (size === this.#ring.length) return;
    const grown = new Uint8Array(size);
    grown.set(this.#ring.subarray(0, this.#written));
    this.#ring = grown;
  }

  /** Position of the oldest whole line a new reader may start at. */
  #oldestLine(): number {
    if (this.#written <= this.#ring.length) return 0;
    const start = this.#written - this.#ring.length + this.#sizes.gapBytes;
    return this.#lineFeed(start, this.#written) + 1;
  }

  #tailStart(lines: number): number {
    const oldest = this.#oldestLine();
    if (lines < 0) return oldest;
    let position = this.#written;
    for (let count = 0; count < lines && position > oldest; count++) {
      position--;
      while (position > oldest && this.#at(position - 1) !== NEWLINE) position--;
    }
    return position;
  }

  /** Where a chunk that starts at `position` ends: after a line if one fits. */
  #chunkEnd(position: number): number {
    const end = Math.min(this.#written, position + CHUNK_BYTES);
    if (end === this.#written) return end;
    for (let at = end; at > position; at--) if (this.#at(at - 1) === NEWLINE) return at;
    return end;
  }

  #lineFeed(from: number, to: number): number {
    for (let at = from; at < to; at++) if (this.#at(at) === NEWLINE) return at;
    return to - 1;
  }

  #at(position: number): number {
    return this.#ring[position % this.#ring.length] ?? 0;
  }

  #copy(from: number, to: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(to - from);
    if (out.length === 0) return out;
    const at = from % this.#ring.length;
    const first = this.#ring.subarray(at, Math.min(at + out.length, this.#ring.length));
    out.set(first);
    out.set(this.#ring.subarray(0, out.length - first.length), first.length);
    return out;
  }
}

function overrunNote(bytes: number): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`[${bytes} bytes of log lost: the reader was too slow]\n`);
}
