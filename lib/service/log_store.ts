import { Wake } from "./_wake.ts";
import { LogBuffer } from "./log_buffer.ts";

/** Settings of a log store. */
export interface LogStoreOptions {
  /** Sees every line as it is appended, e.g. to print it on the console. */
  readonly mirror?: (id: string, line: string) => void;
}

/** The logs of a node by name; a name nobody wrote to is an empty log. */
export class LogStore {
  readonly #buffers = new Map<string, LogBuffer>();
  readonly #created = new Wake();
  readonly #mirror: LogStoreOptions["mirror"];

  constructor(options: LogStoreOptions = {}) {
    this.#mirror = options.mirror;
  }

  /** The names that have at least one line, sorted. */
  ids(): string[] {
    return [...this.#buffers.keys()].sort();
  }

  /** Whether anything was ever written under `id`. */
  has(id: string): boolean {
    return this.#buffers.has(id);
  }

  /** Appends one line to the log `id`. */
  append(id: string, line: string): void {
    let buffer = this.#buffers.get(id);
    if (!buffer) {
      buffer = new LogBuffer();
      this.#buffers.set(id, buffer);
      this.#created.notify();
    }
    buffer.append(line);
    this.#mirror?.(id, line);
  }

  /** A function that appends to the log `id`. */
  writer(id: string): (line: string) => void {
    return (line) => this.append(id, line);
  }

  /** The last `lines` lines of the log `id`, all when negative. */
  tail(id: string, lines = -1): Uint8Array<ArrayBuffer> {
    return this.#buffers.get(id)?.tail(lines) ?? new Uint8Array(0);
  }

  /** As LogBuffer.follow; waits for the log's first line where there is none yet. */
  async *follow(
    id: string,
    signal: AbortSignal,
    lines = -1,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    let tail = lines;
    while (!signal.aborted) {
      const buffer = this.#buffers.get(id);
      if (buffer) return yield* buffer.follow(signal, tail);
      await this.#created.next(signal);
      // The line that created the log is new to this reader, whatever tail it asked for.
      tail = -1;
    }
  }
}
