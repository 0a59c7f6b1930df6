/**
 * Web streams over nonblocking descriptors, waited for by an FdPoller.
 *
 * @module
 */
import type { Fd } from "./fd.ts";
import type { FdPoller } from "./poller.ts";

const CHUNK_BYTES = 65536;

/** What `fd` gives until its end; the stream owns `fd` and closes it at its end or by cancel(). */
export function readableStream(fd: Fd, poller: FdPoller): ReadableStream<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  const stop = new AbortController();
  return new ReadableStream({
    async pull(controller) {
      try {
        const count = await readSome(fd, buffer, poller, stop.signal);
        if (count > 0) return controller.enqueue(buffer.slice(0, count));
        controller.close();
        fd.close();
      } catch (error) {
        fd.close();
        // After cancel() nobody is left to hear of it.
        if (!stop.signal.aborted) throw error;
      }
    },
    cancel() {
      stop.abort();
      fd.close();
    },
  }, { highWaterMark: 0 });
}

/** Writes to `fd`, as fast as its reader takes it; the stream owns `fd`, and close() is its end. */
export function writableStream(fd: Fd, poller: FdPoller): WritableStream<Uint8Array<ArrayBuffer>> {
  const stop = new AbortController();
  return new WritableStream({
    async write(chunk) {
      try {
        await writeAll(fd, chunk, poller, stop.signal);
      } catch (error) {
        fd.close();
        throw error;
      }
    },
    close() {
      fd.close();
    },
    abort(reason) {
      stop.abort(reason);
      fd.close();
    },
  });
}

async function readSome(
  fd: Fd,
  buffer: Uint8Array<ArrayBuffer>,
  poller: FdPoller,
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    const count = fd.read(buffer);
    if (count !== undefined) return count;
    await poller.readable(fd, signal);
  }
}

async function writeAll(
  fd: Fd,
  bytes: Uint8Array<ArrayBuffer>,
  poller: FdPoller,
  signal: AbortSignal,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const count = fd.write(bytes.subarray(done));
    if (count === undefined) await poller.writable(fd, signal);
    else done += count;
  }
}
