import { FLAG, FRAME, FRAME_HEADER_BYTES, Http2Error, MAX_FRAME_BYTES, PREFACE } from "./wire.ts";

/** Who gets the frames, taken apart. Each may throw an Http2Error, which ends the connection. */
export interface FrameSink {
  /** Nothing more is wanted. */
  readonly stopped: boolean;
  /** `frameBytes` counts the padding too, as flow control does. */
  onData(id: number, chunk: Uint8Array, frameBytes: number, ended: boolean): void;
  /** A whole header block. */
  onHeaders(id: number, block: Uint8Array, ended: boolean): void;
  onReset(id: number, code: number): void;
  onSetting(name: number, value: number): void;
  /** All settings of one frame were told. */
  onSettingsEnd(): void;
  onPing(payload: Uint8Array): void;
  onPong(): void;
  onGoaway(lastId: number, code: number): void;
  onWindow(id: number, more: number): void;
}

/** What is read. */
export interface FrameReaderOptions {
  /** A client's preface comes first. */
  readonly preface: boolean;
  /** Bytes of one header block, over all of its frames. */
  readonly blockBytes: number;
}

/** A header block of which frames are missing. */
interface OpenBlock {
  readonly id: number;
  readonly ended: boolean;
  readonly since: number;
  bytes: Uint8Array;
  frames: number;
}

/** Frames of one header block: far more than one of the largest size needs. */
const MAX_BLOCK_FRAMES = 64;

/** Cuts what comes from a peer into frames: RFC 9113, sections 4 and 6. */
export class FrameReader {
  #rest: Uint8Array | undefined;
  #preface: boolean;
  #greeted = false;
  #block: OpenBlock | undefined;

  constructor(readonly sink: FrameSink, readonly options: FrameReaderOptions) {
    this.#preface = options.preface;
  }

  /** Since when, by `performance.now()`, a header block is incomplete. */
  get blockSince(): number | undefined {
    return this.#block?.since;
  }

  /** Takes the next bytes. @throws {Http2Error} when they break the protocol */
  push(chunk: Uint8Array): void {
    const bytes = this.#rest ? joined(this.#rest, chunk) : chunk;
    this.#rest = undefined;
    let at = 0;
    if (this.#preface) {
      at = this.#readPreface(bytes);
      if (at === 0) return;
    }
    while (bytes.length - at >= FRAME_HEADER_BYTES && !this.sink.stopped) {
      const length = uint32(bytes, at) >>> 8;
      if (length > MAX_FRAME_BYTES) throw new Http2Error("FRAME_SIZE_ERROR", "frame is too large");
      const end = at + FRAME_HEADER_BYTES + length;
      if (end > bytes.length) break;
      const payload = bytes.subarray(at + FRAME_HEADER_BYTES, end);
      const id = uint32(bytes, at + 5) & 0x7fffffff;
      this.#frame(bytes[at + 3] as number, bytes[at + 4] as number, id, payload);
      at = end;
    }
    if (at < bytes.length && !this.sink.stopped) this.#rest = bytes.slice(at);
  }

  /** Bytes of the preface once it is there, else 0. */
  #readPreface(bytes: Uint8Array): number {
    const length = Math.min(bytes.length, PREFACE.length);
    for (let i = 0; i < length; i++) {
      if (bytes[i] !== PREFACE[i]) throw new Http2Error("PROTOCOL_ERROR", "no HTTP/2 preface");
    }
    if (length < PREFACE.length) {
      this.#rest = bytes.slice();
      return 0;
    }
    this.#preface = false;
    return length;
  }

  #frame(type: number, flags: number, id: number, payload: Uint8Array): void {
    if (!this.#greeted && type !== FRAME.SETTINGS) throw wrong("SETTINGS must come first");
    this.#greeted = true;
    if (this.#block && (type !== FRAME.CONTINUATION || id !== this.#block.id)) {
      throw wrong("a header block is interrupted");
    }
    switch (type) {
      case FRAME.DATA:
        return this.#data(flags, id, payload);
      case FRAME.HEADERS:
        return this.#headers(flags, id, payload);
      case FRAME.CONTINUATION:
        return this.#continuation(flags, id, payload);
      case FRAME.PRIORITY:
        return expect(type, id !== 0 && payload.length === 5);
      case FRAME.RST_STREAM:
        expect(type, id !== 0 && payload.length === 4);
        return this.sink.onReset(id, uint32(payload, 0));
      case FRAME.SETTINGS:
        return this.#settings(flags, id, payload);
      case FRAME.PUSH_PROMISE:
        throw wrong("push is not for us");
      case FRAME.PING:
        expect(type, id === 0 && payload.length === 8);
        return flags & FLAG.ACK ? this.sink.onPong() : this.sink.onPing(payload);
      case FRAME.GOAWAY:
        expect(type, id === 0 && payload.length >= 8);
        return this.sink.onGoaway(uint32(payload, 0) & 0x7fffffff, uint32(payload, 4));
      case FRAME.WINDOW_UPDATE:
        expect(type, payload.length === 4);
        return this.sink.onWindow(id, uint32(payload, 0) & 0x7fffffff);
    }
    // Frames of types that are not known mean nothing to us.
  }

  #data(flags: number, id: number, payload: Uint8Array): void {
    if (id === 0) throw wrong("DATA of no stream");
    const chunk = unpadded(flags, payload, 0);
    this.sink.onData(id, chunk, payload.length, (flags & FLAG.END_STREAM) !== 0);
  }

  #headers(flags: number, id: number, payload: Uint8Array): void {
    if (id === 0) throw wrong("HEADERS of no stream");
    const bytes = unpadded(flags, payload, flags & FLAG.PRIORITY ? 5 : 0);
    const ended = (flags & FLAG.END_STREAM) !== 0;
    if (flags & FLAG.END_HEADERS) this.sink.onHeaders(id, bytes, ended);
    else this.#block = { id, ended, since: performance.now(), bytes: bytes.slice(), frames: 1 };
  }

  #continuation(flags: number, id: number, payload: Uint8Array): void {
    const block = this.#block;
    if (!block) throw wrong("CONTINUATION of nothing");
    block.bytes = joined(block.bytes, payload);
    if (block.bytes.length > this.options.blockBytes || ++block.frames > MAX_BLOCK_FRAMES) {
      throw new Http2Error("ENHANCE_YOUR_CALM", "a header block is too large");
    }
    if (!(flags & FLAG.END_HEADERS)) return;
    this.#block = undefined;
    this.sink.onHeaders(id, block.bytes, block.ended);
  }

  #settings(flags: number, id: number, payload: Uint8Array): void {
    if (flags & FLAG.ACK) return expect(FRAME.SETTINGS, id === 0 && payload.length === 0);
    expect(FRAME.SETTINGS, id === 0 && payload.length % 6 === 0);
    for (let at = 0; at < payload.length; at += 6) {
      const name = (payload[at] as number) << 8 | (payload[at + 1] as number);
      this.sink.onSetting(name, uint32(payload, at + 2));
    }
    this.sink.onSettingsEnd();
  }
}

/** The payload without its padding, its length byte, and the `skip` bytes behind that. */
function unpadded(flags: number, payload: Uint8Array, skip: number): Uint8Array {
  const padded = (flags & FLAG.PADDED) !== 0;
  const from = (padded ? 1 : 0) + skip;
  const to = payload.length - (padded ? payload[0] ?? 0 : 0);
  if (from > payload.length || to < from) throw wrong("padding is longer than its frame");
  return payload.subarray(from, to);
}

function expect(type: number, right: boolean): void {
  if (!right) throw new Http2Error("FRAME_SIZE_ERROR", `frame of type ${type} is malformed`);
}

function wrong(why: string): Http2Error {
  return new Http2Error("PROTOCOL_ERROR", why);
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24 | (bytes[at + 1] ?? 0) << 16 | (bytes[at + 2] ?? 0) << 8 |
    (bytes[at + 3] ?? 0)) >>> 0;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
