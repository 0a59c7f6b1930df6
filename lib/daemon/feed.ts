/**
 * A value that changes, told without HTTP/2 as JSON lines on a unix socket: whoever connects gets the
 * value of now and then every new one. PID 1 may follow it (see health_line.ts).
 */
import { chmod, rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { systemClock } from "$lib/clock/mod.ts";
import { jsonLines } from "./lines.ts";
import type { ConnectServer } from "./serve.ts";

/** Who reads so slowly that this much waits is cut off; it may come again for the newest value. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const AGAIN_MS = 1_000;

/** The value, and who listens to it. */
export class Feed<T> {
  readonly #listeners = new Set<Socket>();
  #line = "";

  /** Tells a new value; the same one again is nothing new. */
  publish(value: T): void {
    const line = `${JSON.stringify(value)}\n`;
    if (line === this.#line) return;
    this.#line = line;
    for (const listener of this.#listeners) this.#tell(listener);
  }

  /** Tells whoever connects to `path`; only its owner and root may. */
  async serve(path: string): Promise<ConnectServer> {
    const server = createServer((socket) => {
      this.#listeners.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#listeners.delete(socket));
      socket.resume();
      if (this.#line !== "") this.#tell(socket);
    });
    await rm(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    await chmod(path, 0o600);
    return {
      close: () => {
        for (const listener of this.#listeners) listener.destroy();
        return new Promise((resolve) => server.close(() => resolve()));
      },
    };
  }

  #tell(listener: Socket): void {
    if (listener.writableLength > MAX_WAITING_BYTES) listener.destroy();
    else listener.write(this.#line);
  }
}

/**
 * The values of the feed at `path` until `signal`; connects again when the feed is not there or ends.
 * What `read` throws on is told to `onFault` and skipped.
 */
export async function* followFeed<T>(
  path: string,
  read: (value: unknown) => T,
  onFault: (reason: string) => void,
  signal: AbortSignal,
): AsyncGenerator<T> {
  while (!signal.aborted) {
    const socket = createConnection(path);
    const end = () => void socket.destroy();
    signal.addEventListener("abort", end);
    try {
      yield* jsonLines(bytesOf(socket), read, onFault);
    } catch {
      // It is not there yet, or its process ended.
    } finally {
      signal.removeEventListener("abort", end);
      socket.destroy();
    }
    await systemClock.sleep(AGAIN_MS, signal);
  }
}

function bytesOf(socket: Socket): ReadableStream<Uint8Array> {
  return ReadableStream.from(socket as AsyncIterable<Uint8Array>);
}
