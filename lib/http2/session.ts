import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import {
  type BlockKind,
  FieldCollector,
  type HeaderFields,
  type OutgoingFields,
} from "./headers.ts";
import { HeaderDecoder } from "./header_decoder.ts";
import { FrameReader, type FrameSink } from "./frame_reader.ts";
import { Outbox } from "./outbox.ts";
import { Http2Stream, type StreamWire } from "./stream.ts";
import {
  DEFAULT_WINDOW,
  ERROR_CODE,
  Http2Error,
  MAX_FRAME_BYTES,
  MAX_WINDOW,
  PREFACE,
  SETTING,
} from "./wire.ts";

/** What a session tells, by event. */
export interface SessionEvents {
  /** Server: a request began; nothing of its body was read. */
  stream: [stream: Http2Stream, fields: HeaderFields];
  /** The peer takes no more streams. */
  goaway: [];
  /** The connection is gone, and every stream with it. */
  close: [];
}

/** Bounds of one connection. */
export interface SessionLimits {
  /** Streams the peer may have open at once. */
  readonly maxStreams: number;
  /** Bytes of one header block, unpacked, that are kept; twice as many packed end the connection. */
  readonly headerBytes: number;
  /** Bytes of a stream that may wait to be read. */
  readonly windowBytes: number;
  /** Streams the peer may open and then reset in a row, and how many of those are forgiven a second. */
  readonly resets: { readonly burst: number; readonly perSecond: number };
}

/** What is allowed when nothing else is said. */
export const SESSION_LIMITS: SessionLimits = {
  maxStreams: 256,
  headerBytes: 64 * 1024,
  windowBytes: DEFAULT_WINDOW,
  resets: { burst: 1_000, perSecond: 50 },
};

/** Answers (to pings, settings, data) that a server may leave unread before a client leaves it. */
const MAX_WAITING_BYTES = 1 << 20;
/** How long a peer may take to read why it is cut off. */
const GOODBYE_MS = 1_000;
/** The peer's bytes of a whole connection: credited as they come, since streams bound what is held. */
const CONNECTION_WINDOW = 1 << 20;

/**
 * One HTTP/2 connection (RFC 9113) over `socket`: no push, no priorities. Whatever the peer sends, the
 * worst that follows is the end of this connection.
 */
export class Http2Session extends EventEmitter<SessionEvents> implements StreamWire, FrameSink {
  readonly #limits: SessionLimits;
  readonly #out: Outbox;
  readonly #reader: FrameReader;
  readonly #decoder = new HeaderDecoder();
  readonly #streams = new Map<number, Http2Stream>();
  /** Client: streams that wait until the peer takes more. */
  readonly #unopened: { readonly stream: Http2Stream; readonly fields: OutgoingFields }[] = [];
  readonly #pings: ((error?: Error) => void)[] = [];
  #receiveWindow = DEFAULT_WINDOW;
  #peerWindow = DEFAULT_WINDOW;
  #peerMaxStreams = Infinity;
  /** The peer's settings came: before that it could refuse what is over its bound. */
  #settled = false;
  #lastId = 0;
  #lastPeerId = 0;
  #resetsAt = performance.now();
  #resets = 0;
  #closing = false;
  #destroyed = false;

  constructor(
    readonly role: "client" | "server",
    readonly socket: Duplex,
    limits: Partial<SessionLimits> = {},
  ) {
    super();
    this.#limits = { ...SESSION_LIMITS, ...limits };
    this.#out = new Outbox(socket);
    this.#reader = new FrameReader(this, {
      preface: role === "server",
      blockBytes: 2 * this.#limits.headerBytes,
    });
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("drain", () => this.#drain());
    socket.on("error", () => this.destroy());
    socket.on("end", () => this.destroy());
    socket.on("close", () => this.destroy());
    this.#greet();
  }

  /** Takes or makes no new streams. */
  get closed(): boolean {
    return this.#closing || this.#destroyed;
  }

  /** The connection is gone. */
  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size + this.#unopened.length;
  }

  /** Since when, by `performance.now()`, a header block is incomplete; undefined while none is. */
  get blockSince(): number | undefined {
    return this.#reader.blockSince;
  }

  /**
   * Client: begins a request; the stream is opened as soon as the peer takes it.
   *
   * @throws {Error} when the session takes no new streams
   */
  request(fields: OutgoingFields): Http2Stream {
    if (this.closed) throw new Error("the connection takes no new calls");
    const windows = { send: this.#peerWindow, receive: this.#limits.windowBytes };
    const stream = new Http2Stream(this, this, windows);
    this.#unopened.push({ stream, fields });
    this.#open();
    return stream;
  }

  /** Asks the peer for a sign of life; `done` gets an error when the connection ends before it. */
  ping(done: (error?: Error) => void): void {
    if (this.#destroyed) return done(new Error("the connection is closed"));
    this.#pings.push(done);
    this.#out.ping();
  }

  /** Takes no new streams, and ends the connection when those that are open have ended. */
  close(): void {
    if (this.closed) return;
    this.#closing = true;
    this.#out.goaway(this.#lastPeerId, ERROR_CODE.NO_ERROR);
    this.#endIfIdle();
  }

  /** Ends the connection at once; open streams are lost. */
  destroy(code: number = ERROR_CODE.INTERNAL_ERROR): void {
    this.socket.destroy();
    this.#lose(code);
  }

  #lose(code: number): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    const waiting = this.#unopened.splice(0);
    for (const { stream } of waiting) stream.receiveReset(code);
    for (const stream of [...this.#streams.values()]) stream.receiveReset(code);
    for (const done of this.#pings.splice(0)) done(new Error("the connection is closed"));
    this.emit("close");
  }

  #greet(): void {
    const { maxStreams, headerBytes, windowBytes } = this.#limits;
    if (this.role === "client") this.#out.preface(PREFACE);
    this.#out.settings([
      this.role === "client"
        ? [SETTING.ENABLE_PUSH, 0]
        : [SETTING.MAX_CONCURRENT_STREAMS, maxStreams],
      [SETTING.INITIAL_WINDOW_SIZE, windowBytes],
      [SETTING.MAX_HEADER_LIST_SIZE, headerBytes],
    ]);
    this.#receiveWindow = CONNECTION_WINDOW;
    this.#out.windowUpdate(0, CONNECTION_WINDOW - DEFAULT_WINDOW);
  }

  #receive(chunk: Uint8Array): void {
    if (this.#destroyed) return;
    try {
      this.#reader.push(chunk);
      if (this.#out.blocked) this.#holdBack();
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#out.goaway(this.#lastPeerId, error.code);
      this.#hangUp(error.code);
    }
  }

  /**
   * A server reads no more requests while its answers are not read. A client goes on, since both sides
   * would wait for each other else; it only ever owes answers to pings, settings and data.
   */
  #holdBack(): void {
    if (this.role === "server") this.socket.pause();
    else if (this.#out.waiting > MAX_WAITING_BYTES) {
      throw new Http2Error("ENHANCE_YOUR_CALM", "the peer reads no answers");
    }
  }

  #drain(): void {
    this.#out.unblock();
    if (!this.#out.blocked && this.socket.isPaused()) this.socket.resume();
  }

  // What the peer sent, frame by frame.

  /** @internal */
  get stopped(): boolean {
    return this.#destroyed;
  }

  /** @internal */
  onData(id: number, chunk: Uint8Array, frameBytes: number, ended: boolean): void {
    this.#receiveWindow -= frameBytes;
    if (this.#receiveWindow < 0) throw new Http2Error("FLOW_CONTROL_ERROR", "connection window");
    if (this.#receiveWindow <= CONNECTION_WINDOW / 2) {
      this.#out.windowUpdate(0, CONNECTION_WINDOW - this.#receiveWindow);
      this.#receiveWindow = CONNECTION_WINDOW;
    }
    const stream = this.#known(id, "DATA");
    if (!stream) return;
    if (stream.remoteEnded) return this.#refuse(stream, ERROR_CODE.STREAM_CLOSED);
    stream.receiveWindow -= frameBytes;
    if (stream.receiveWindow < 0) return this.#refuse(stream, ERROR_CODE.FLOW_CONTROL_ERROR);
    // Padding is nobody's to read.
    if (frameBytes > chunk.length) this.credit(stream, frameBytes - chunk.length);
    if (chunk.length > 0) stream.receiveData(chunk);
    if (ended) stream.receiveEnd();
  }

  /** @internal */
  onHeaders(id: number, block: Uint8Array, ended: boolean): void {
    const stream = this.#streams.get(id);
    const kind = this.#kindOf(id, stream);
    const collector = new FieldCollector(kind, this.#limits.headerBytes);
    this.#decoder.decode(block, collector);
    if (!stream) return this.#onRequest(id, collector, ended);
    const fault = collector.overflowed ? "too large" : collector.complete();
    if (fault !== undefined || stream.remoteEnded || (kind === "trailers" && !ended)) {
      return this.#refuse(stream, ERROR_CODE.PROTOCOL_ERROR);
    }
    const { fields } = collector;
    if (kind === "trailers") stream.receiveTrailers(fields);
    // An interim response says nothing yet.
    else if (fields[":status"]?.[0] !== "1") {
      stream.responded = true;
      stream.receiveResponse(fields, ended);
    }
  }

  #kindOf(id: number, stream: Http2Stream | undefined): BlockKind {
    if (this.role === "server") return stream ? "trailers" : "request";
    if (!stream && (id > this.#lastId || id % 2 === 0)) {
      throw new Http2Error("PROTOCOL_ERROR", "HEADERS of a stream that is not open");
    }
    return stream?.responded === false ? "response" : "trailers";
  }

  #onRequest(id: number, collector: FieldCollector, ended: boolean): void {
    // The rest of a stream that was reset here may still have been on its way.
    if (this.role === "client" || id <= this.#lastPeerId) return;
    if (id % 2 === 0) throw new Http2Error("PROTOCOL_ERROR", "a stream with an even number");
    this.#lastPeerId = id;
    if (this.#closing) return;
    if (collector.overflowed) return this.#out.reset(id, ERROR_CODE.ENHANCE_YOUR_CALM);
    if (collector.complete() !== undefined) return this.#out.reset(id, ERROR_CODE.PROTOCOL_ERROR);
    if (this.#streams.size >= this.#limits.maxStreams) {
      return this.#out.reset(id, ERROR_CODE.REFUSED_STREAM);
    }
    const windows = { send: this.#peerWindow, receive: this.#limits.windowBytes };
    const stream = new Http2Stream(this, this, windows);
    stream.opened(id);
    this.#streams.set(id, stream);
    this.emit("stream", stream, collector.fields);
    if (ended) stream.receiveEnd();
  }

  /** @internal */
  onReset(id: number, code: number): void {
    const stream = this.#known(id, "RST_STREAM");
    if (!stream) return;
    if (this.role === "server") this.#countReset();
    stream.receiveReset(code);
  }

  /** Opening streams only to reset them costs the peer little and this side much. */
  #countReset(): void {
    const now = performance.now();
    const { burst, perSecond } = this.#limits.resets;
    this.#resets = Math.max(0, this.#resets - (now - this.#resetsAt) / 1000 * perSecond) + 1;
    this.#resetsAt = now;
    if (this.#resets > burst) throw new Http2Error("ENHANCE_YOUR_CALM", "too many resets");
  }

  /** @internal */
  onSetting(name: number, value: number): void {
    if (name === SETTING.HEADER_TABLE_SIZE) this.#out.resizeTable(value);
    else if (name === SETTING.MAX_CONCURRENT_STREAMS) this.#peerMaxStreams = value;
    else if (name === SETTING.ENABLE_PUSH && value > 1) {
      throw new Http2Error("PROTOCOL_ERROR", "ENABLE_PUSH is not 0 or 1");
    } else if (name === SETTING.MAX_FRAME_SIZE && (value < MAX_FRAME_BYTES || value > 0xffffff)) {
      throw new Http2Error("PROTOCOL_ERROR", "MAX_FRAME_SIZE is out of range");
    } else if (name === SETTING.INITIAL_WINDOW_SIZE) this.#resizeWindows(value);
  }

  #resizeWindows(bytes: number): void {
    if (bytes > MAX_WINDOW) throw new Http2Error("FLOW_CONTROL_ERROR", "window is too large");
    const more = bytes - this.#peerWindow;
    this.#peerWindow = bytes;
    const waiting = this.#unopened.map(({ stream }) => stream);
    for (const stream of [...this.#streams.values(), ...waiting]) {
      stream.sendWindow += more;
      if (stream.sendWindow > MAX_WINDOW) throw new Http2Error("FLOW_CONTROL_ERROR", "window");
      this.pending(stream);
    }
  }

  /** @internal */
  onSettingsEnd(): void {
    this.#settled = true;
    this.#out.acknowledge();
    this.#open();
  }

  /** @internal */
  onPing(payload: Uint8Array): void {
    this.#out.pong(payload);
  }

  /** @internal */
  onPong(): void {
    this.#pings.shift()?.();
  }

  /** @internal */
  onGoaway(lastId: number): void {
    this.#closing = true;
    for (const { stream } of this.#unopened.splice(0)) {
      stream.receiveReset(ERROR_CODE.REFUSED_STREAM);
    }
    if (this.role === "client") {
      for (const [id, stream] of [...this.#streams]) {
        if (id > lastId) stream.receiveReset(ERROR_CODE.REFUSED_STREAM);
      }
    }
    this.emit("goaway");
    this.#endIfIdle();
  }

  /** @internal */
  onWindow(id: number, more: number): void {
    if (id === 0) {
      if (more === 0) throw new Http2Error("PROTOCOL_ERROR", "a window grows by nothing");
      return this.#out.grow(more);
    }
    const stream = this.#known(id, "WINDOW_UPDATE");
    if (!stream) return;
    if (more === 0) return this.#refuse(stream, ERROR_CODE.PROTOCOL_ERROR);
    stream.sendWindow += more;
    if (stream.sendWindow > MAX_WINDOW) return this.#refuse(stream, ERROR_CODE.FLOW_CONTROL_ERROR);
    this.pending(stream);
  }

  /** The stream; undefined for one that is over. @throws {Http2Error} for one that never was. */
  #known(id: number, frame: string): Http2Stream | undefined {
    const stream = this.#streams.get(id);
    if (stream) return stream;
    const mine = (id % 2 === 1) === (this.role === "client");
    if (id > (mine ? this.#lastId : this.#lastPeerId)) {
      throw new Http2Error("PROTOCOL_ERROR", `${frame} of a stream that is not open`);
    }
    return undefined;
  }

  /** Ends a stream whose peer broke its rules. */
  #refuse(stream: Http2Stream, code: number): void {
    stream.reset(code);
  }

  // What is sent.

  /** @internal */
  headers(stream: Http2Stream, fields: OutgoingFields, ended: boolean): void {
    this.#out.headers(stream.id, fields, ended);
  }

  /** @internal */
  pending(stream: Http2Stream): void {
    if (stream.id === 0) return;
    this.#out.pending(stream);
  }

  /** @internal */
  credit(stream: Http2Stream, bytes: number): void {
    stream.uncredited += bytes;
    if (stream.uncredited < this.#limits.windowBytes / 2 || stream.remoteEnded) return;
    this.#out.windowUpdate(stream.id, stream.uncredited);
    stream.receiveWindow += stream.uncredited;
    stream.uncredited = 0;
  }

  /** @internal */
  reset(stream: Http2Stream, code: number): void {
    if (stream.id !== 0) this.#out.reset(stream.id, code);
  }

  /** @internal */
  forget(stream: Http2Stream): void {
    this.#out.drop(stream);
    if (stream.id === 0) {
      const at = this.#unopened.findIndex((one) => one.stream === stream);
      if (at >= 0) this.#unopened.splice(at, 1);
    } else this.#streams.delete(stream.id);
    this.#open();
    this.#endIfIdle();
  }

  #open(): void {
    while (this.#settled && this.#streams.size < this.#peerMaxStreams && !this.#destroyed) {
      const next = this.#unopened.shift();
      if (!next) return;
      this.#lastId += this.#lastId === 0 ? 1 : 2;
      const { stream, fields } = next;
      stream.opened(this.#lastId);
      this.#streams.set(this.#lastId, stream);
      this.#out.headers(this.#lastId, fields, false);
      this.pending(stream);
    }
  }

  #endIfIdle(): void {
    if (this.#closing && !this.#destroyed && this.size === 0) this.#hangUp(ERROR_CODE.NO_ERROR);
  }

  /** Ends the connection behind what was sent, which the peer may take its time to read. */
  #hangUp(code: number): void {
    this.#out.flush();
    const { socket } = this;
    const late = setTimeout(() => socket.destroy(), GOODBYE_MS);
    socket.end(() => {
      clearTimeout(late);
      socket.destroy();
    });
    this.#lose(code);
  }
}
