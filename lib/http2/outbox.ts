import { HeaderEncoder } from "./header_encoder.ts";
import type { OutgoingFields } from "./headers.ts";
import { SendQueue, type SendSocket } from "./send_queue.ts";
import type { Http2Stream } from "./stream.ts";
import { DEFAULT_WINDOW, FLAG, FRAME, Http2Error, MAX_FRAME_BYTES, MAX_WINDOW } from "./wire.ts";

/** What one side of a connection sends: frames, and the bodies of streams as far as windows let them. */
export class Outbox {
  readonly #queue: SendQueue;
  readonly #encoder = new HeaderEncoder();
  /** Streams with something to send, in the order of their turns. */
  readonly #ready = new Set<Http2Stream>();
  #window = DEFAULT_WINDOW;

  constructor(socket: SendSocket) {
    this.#queue = new SendQueue(socket);
  }

  /** The socket takes no more for now. */
  get blocked(): boolean {
    return this.#queue.blocked;
  }

  /** Bytes that wait for the socket. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /** Follows the peer's SETTINGS_HEADER_TABLE_SIZE. */
  resizeTable(bytes: number): void {
    this.#encoder.resize(bytes);
  }

  /** The peer takes `more` bytes of the whole connection. */
  grow(more: number): void {
    this.#window += more;
    if (this.#window > MAX_WINDOW) throw new Http2Error("FLOW_CONTROL_ERROR", "window");
    this.pump();
  }

  /** The socket takes more again. */
  unblock(): void {
    this.#queue.unblock();
    this.pump();
  }

  /** Hands what waits to the socket. */
  flush(): void {
    this.#queue.flush();
  }

  /** The client's first bytes. */
  preface(bytes: Uint8Array): void {
    this.#queue.raw(bytes);
  }

  /** A stream has something to send, or may go on. */
  pending(stream: Http2Stream): void {
    this.#ready.add(stream);
    this.pump();
  }

  /** A stream is over. */
  drop(stream: Http2Stream): void {
    this.#ready.delete(stream);
  }

  /** Sends what streams have, one frame each in turn, as far as windows and socket let it. */
  pump(): void {
    while (!this.#queue.blocked) {
      const [stream] = this.#ready;
      if (!stream) return;
      this.#ready.delete(stream);
      if (this.#sendSome(stream)) this.#ready.add(stream);
      else if (this.#window <= 0 && stream.unsent.bytes > 0) {
        this.#ready.add(stream);
        return;
      }
    }
  }

  /** Whether there is more to send right now. */
  #sendSome(stream: Http2Stream): boolean {
    const { bytes, ending } = stream.unsent;
    const size = Math.min(bytes, MAX_FRAME_BYTES, stream.sendWindow, this.#window);
    if (size > 0) {
      stream.sendWindow -= size;
      this.#window -= size;
      const parts = stream.takeUnsent(size);
      const last = size === bytes && ending && !stream.trailers;
      this.#queue.frame(FRAME.DATA, last ? FLAG.END_STREAM : 0, stream.id, (out) => {
        for (const part of parts) out.bytes(part);
      });
      if (last) stream.sentEnd();
    }
    if (size < bytes) return stream.sendWindow > 0 && this.#window > 0;
    const rest = stream.unsent;
    if (rest.ending) this.#sendEnd(stream);
    else if (size > 0) stream.drained();
    return false;
  }

  #sendEnd(stream: Http2Stream): void {
    if (stream.trailers) this.headers(stream.id, stream.trailers, true);
    else this.#queue.frame(FRAME.DATA, FLAG.END_STREAM, stream.id);
    stream.sentEnd();
  }

  /** A header block, in as many frames as it needs. */
  headers(id: number, fields: OutgoingFields, ended: boolean): void {
    const block = this.#encoder.block(fields);
    for (let at = 0; at === 0 || at < block.length; at += MAX_FRAME_BYTES) {
      const part = block.subarray(at, at + MAX_FRAME_BYTES);
      const last = at + MAX_FRAME_BYTES >= block.length;
      const flags = (last ? FLAG.END_HEADERS : 0) | (at === 0 && ended ? FLAG.END_STREAM : 0);
      const type = at === 0 ? FRAME.HEADERS : FRAME.CONTINUATION;
      this.#queue.frame(type, flags, id, (out) => out.bytes(part));
    }
  }

  /** Lets the peer send `more` bytes, of a stream or (0) of the whole connection. */
  windowUpdate(id: number, more: number): void {
    this.#queue.frame(FRAME.WINDOW_UPDATE, 0, id, (out) => out.uint32(more));
  }

  /** Ends a stream at once. */
  reset(id: number, code: number): void {
    this.#queue.frame(FRAME.RST_STREAM, 0, id, (out) => out.uint32(code));
  }

  /** Says that no stream behind `lastId` is looked at any more, and why. */
  goaway(lastId: number, code: number): void {
    this.#queue.frame(FRAME.GOAWAY, 0, 0, (out) => {
      out.uint32(lastId);
      out.uint32(code);
    });
  }

  /** Tells the peer what to go by. */
  settings(pairs: readonly (readonly [name: number, value: number])[]): void {
    this.#queue.frame(FRAME.SETTINGS, 0, 0, (out) => {
      for (const [name, value] of pairs) {
        out.byte(0);
        out.byte(name);
        out.uint32(value);
      }
    });
  }

  /** Says that the peer's settings are followed. */
  acknowledge(): void {
    this.#queue.frame(FRAME.SETTINGS, FLAG.ACK, 0);
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.#queue.frame(FRAME.PING, 0, 0, (out) => out.skip(8));
  }

  /** Gives one. */
  pong(payload: Uint8Array): void {
    this.#queue.frame(FRAME.PING, FLAG.ACK, 0, (out) => out.bytes(payload));
  }
}
