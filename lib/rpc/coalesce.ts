import type { Duplex } from "node:stream";
import { concatBytes } from "./frames.ts";

/** Joined bytes that are not held back any longer. */
const ENOUGH_BYTES = 64 * 1024;

/**
 * Makes `socket` send everything that is written within one turn of the event loop at once. HTTP/2
 * writes each frame by itself, and a call is several frames: joined they cost one system call here
 * and one wake-up of the peer instead of three to five. (cork() does not do: the runtime sends the
 * parts of a vectored write one by one.)
 */
export function coalesceWrites<T extends Duplex>(socket: T): T {
  const { write, end } = socket;
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (parts.length === 0) return;
    const joined = parts.length === 1 ? parts[0] : concatBytes(parts);
    parts = [];
    bytes = 0;
    if (!socket.destroyed && !socket.writableEnded) Reflect.apply(write, socket, [joined]);
  };
  socket.write = (...args: unknown[]): boolean => {
    const [chunk] = args;
    if (args.length > 1 || !(chunk instanceof Uint8Array)) {
      flush();
      return Reflect.apply(write, socket, args);
    }
    if (parts.length === 0) setImmediate(flush);
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes >= ENOUGH_BYTES) flush();
    return !socket.writableNeedDrain;
  };
  socket.end = (...args: unknown[]): T => {
    flush();
    return Reflect.apply(end, socket, args);
  };
  return socket;
}
