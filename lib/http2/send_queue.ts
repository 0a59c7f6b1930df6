import { ByteWriter } from "./byte_writer.ts";
import { FRAME_HEADER_BYTES } from "./wire.ts";

/** The part of a socket that sends. */
export interface SendSocket {
  write(bytes: Uint8Array): boolean;
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
}

/** Bytes that are not held back any longer. */
const ENOUGH_BYTES = 64 * 1024;

/**
 * Frames on their way to the socket. What is written within one turn of the event loop goes out at
 * once: a call is several frames, and joined they cost one system call here and one wake-up of the peer.
 */
export class SendQueue {
  readonly #out = new ByteWriter();
  readonly #socket: SendSocket;
  #scheduled = false;
  #blocked = false;

  constructor(socket: SendSocket) {
    this.#socket = socket;
  }

  /** The socket takes no more for now. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Bytes that wait for the socket. */
  get waiting(): number {
    return this.#out.length;
  }

  /** Adds a frame whose payload `fill` writes. */
  frame(type: number, flags: number, stream: number, fill?: (out: ByteWriter) => void): void {
    const out = this.#out;
    const at = out.skip(4);
    out.byte(flags);
    out.uint32(stream);
    fill?.(out);
    // Three bytes of length, one of type.
    out.setUint32(at, (out.length - at - FRAME_HEADER_BYTES) << 8 | type);
    if (this.#blocked) return;
    if (out.length >= ENOUGH_BYTES) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
  }

  /** Adds bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#out.bytes(bytes);
  }

  /** Hands what waits to the socket. */
  flush(): void {
    this.#scheduled = false;
    const socket = this.#socket;
    if (this.#blocked || this.#out.length === 0) return;
    const bytes = this.#out.take();
    if (!socket.destroyed && !socket.writableEnded && !socket.write(bytes)) this.#blocked = true;
  }

  /** The socket takes more again. */
  unblock(): void {
    this.#blocked = false;
    this.flush();
  }
}
