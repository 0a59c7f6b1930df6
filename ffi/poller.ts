/**
 * Waits for many descriptors with one thread: one blocking poll(2) over all that are waited for.
 *
 * @module
 */
import { check } from "./errno.ts";
import { Fd, O } from "./fd.ts";
import { libc } from "./libc.ts";

const c = libc({
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout)
  // On a thread of its own; any failure (EINTR) means "look again".
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
  // int eventfd(unsigned int initval, int flags)
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
});

/** Byte offsets in struct pollfd, and its event bits. */
export const POLL = {
  size: 8,
  fd: 0,
  events: 4,
  revents: 6,
  IN: 1,
  OUT: 4,
  NVAL: 32,
} as const;

interface Waiter {
  fd: Fd;
  events: number;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/**
 * Tells when descriptors are ready. The thread exists only while somebody waits. Abort a wait before
 * its descriptor is closed; whoever holds the poller calls close() last.
 */
export class FdPoller implements AsyncDisposable {
  readonly #waiters = new Set<Waiter>();
  readonly #wakeup: Fd;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor() {
    const number = check("eventfd", c.symbols.eventfd(0, O.CLOEXEC | O.NONBLOCK));
    this.#wakeup = Fd.adopt(number, "eventfd");
  }

  /** Resolves when `fd` has bytes, is at its end, or failed: a read will not block then. */
  readable(fd: Fd, signal?: AbortSignal): Promise<void> {
    return this.#wait(fd, POLL.IN, signal);
  }

  /** The first thing that `tryRead` gives; it is asked at once, and again each time `fd` has bytes. */
  async whenReadable<T>(fd: Fd, tryRead: () => T | undefined, signal?: AbortSignal): Promise<T> {
    for (;;) {
      const read = tryRead();
      if (read !== undefined) return read;
      await this.readable(fd, signal);
    }
  }

  /** Resolves when a write to `fd` will not block, or fails. */
  writable(fd: Fd, signal?: AbortSignal): Promise<void> {
    return this.#wait(fd, POLL.OUT, signal);
  }

  /** Rejects all who wait, and ends the thread. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const waiter of this.#waiters) {
      waiter.reject(new TypeError(`Cannot wait for "${waiter.fd.subject}": the poller is closed`));
    }
    this.#waiters.clear();
    this.#wake();
    await this.#running;
    this.#wakeup.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #wait(fd: Fd, events: number, signal?: AbortSignal): Promise<void> {
    if (this.#closed) {
      return Promise.reject(
        new TypeError(`Cannot wait for "${fd.subject}": the poller is closed`),
      );
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { fd, events, resolve, reject };
    const abort = () => {
      this.#waiters.delete(waiter);
      this.#wake();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.#waiters.add(waiter);
    if (this.#running) this.#wake();
    else this.#running = this.#run();
    return promise.finally(() => signal?.removeEventListener("abort", abort));
  }

  #wake(): void {
    if (this.#running) this.#wakeup.write(new Uint8Array(new BigUint64Array([1n]).buffer));
  }

  async #run(): Promise<void> {
    // Those who start to wait in the same turn share the first poll.
    await Promise.resolve();
    while (this.#waiters.size > 0) {
      const waiters = [...this.#waiters];
      const set = pollSet([{ fd: this.#wakeup, events: POLL.IN }, ...waiters]);
      const count = await c.symbols.poll(set, BigInt(waiters.length + 1), -1);
      // A failing poll must not turn into a busy loop.
      if (count < 0) await new Promise((resume) => setTimeout(resume, 10));
      else this.#settle(waiters, set);
    }
    this.#running = undefined;
  }

  #settle(waiters: readonly Waiter[], set: DataView<ArrayBuffer>): void {
    this.#wakeup.read(new Uint8Array(8));
    waiters.forEach((waiter, i) => {
      const revents = set.getInt16((i + 1) * POLL.size + POLL.revents, true);
      if (revents === 0 || !this.#waiters.delete(waiter)) return;
      if (revents & POLL.NVAL) {
        waiter.reject(new TypeError(`Cannot wait for "${waiter.fd.subject}": it is closed`));
      } else {
        waiter.resolve();
      }
    });
  }
}

function pollSet(entries: readonly { fd: Fd; events: number }[]): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(entries.length * POLL.size));
  entries.forEach(({ fd, events }, i) => {
    // A closed descriptor is asked as an impossible number: POLLNVAL would need it non-negative.
    view.setInt32(i * POLL.size + POLL.fd, fd.closed ? 0x7fffffff : fd.number, true);
    view.setInt16(i * POLL.size + POLL.events, events, true);
  });
  return view;
}
