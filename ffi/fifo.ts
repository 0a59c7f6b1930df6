/**
 * Named pipes: what another program writes into a path is read here.
 *
 * @module
 */
import { check } from "./errno.ts";
import { Fd, O } from "./fd.ts";
import { readableStream } from "./fd_stream.ts";
import { libc } from "./libc.ts";
import { cString } from "./memory.ts";
import type { FdPoller } from "./poller.ts";

const c = libc({
  // int mkfifo(const char *pathname, mode_t mode)
  mkfifo: { parameters: ["buffer", "u32"], result: "i32" },
});

/** The reading end of a named pipe. */
export interface Fifo {
  readonly path: string;
  /** What writers write. Does not end before `finish`, whoever comes and goes. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** From here on the end of the last writer is the end of `readable`. */
  finish(): void;
}

/** Makes the pipe `path`, mode 0600, and opens it. @throws {SyscallError} EEXIST and as mkfifo(3). */
export function makeFifo(path: string, poller: FdPoller): Fifo {
  check("mkfifo", c.symbols.mkfifo(cString(path), 0o600), path);
  const reader = Fd.open(path, O.RDONLY | O.NONBLOCK);
  // A writer of our own: without one, a read before the first writer came would tell the end.
  const writer = Fd.open(path, O.WRONLY | O.NONBLOCK);
  return { path, readable: readableStream(reader, poller), finish: () => writer.close() };
}
