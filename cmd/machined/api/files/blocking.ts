import { Code, ConnectError } from "@connectrpc/connect";

/** Milliseconds a file operation may take before its caller is told that it does not answer. */
export const FILE_DEADLINE_MS = 5_000;
/** File operations that may be under way, hanging ones included; the runtime has 512 threads for all. */
export const MAX_FILE_OPERATIONS = 32;

/**
 * Runs file operations on the runtime's threads with a deadline. A thread that the kernel holds in a
 * call cannot be taken back, so an operation keeps its place until it really ends: dead filesystems
 * can use up these places, never the threads of the rest of the program.
 */
export class BlockingCalls {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(
    readonly options: { readonly deadlineMs?: number; readonly maximum?: number } = {},
  ) {}

  /** Operations under way. */
  get running(): number {
    return this.#running;
  }

  /**
   * The result of `start`; one that comes after the deadline goes to `onLate`, e.g. to be closed.
   * @throws {ConnectError} DeadlineExceeded, named by `what`, when it is late or finds no place.
   */
  run<T>(what: string, start: () => Promise<T>, onLate?: (value: T) => void): Promise<T> {
    const { deadlineMs = FILE_DEADLINE_MS } = this.options;
    return new Promise((resolve, reject) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        const state = `no answer within ${deadlineMs} ms`;
        reject(new ConnectError(`Cannot ${what}: ${state}`, Code.DeadlineExceeded));
      }, deadlineMs);
      this.#enter(() => {
        if (late) return this.#leave();
        const ended = (async () => await start())().finally(() => {
          clearTimeout(timer);
          this.#leave();
        });
        ended.then((value) => late ? onLate?.(value) : resolve(value), reject);
      });
    });
  }

  #enter(begin: () => void): void {
    if (this.#running >= (this.options.maximum ?? MAX_FILE_OPERATIONS)) {
      this.#waiting.push(begin);
      return;
    }
    this.#running++;
    begin();
  }

  #leave(): void {
    this.#running--;
    const next = this.#waiting.shift();
    if (next) this.#enter(next);
  }
}
