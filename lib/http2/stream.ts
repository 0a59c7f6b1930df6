import { EventEmitter } from "node:events";
import type { HeaderFields, OutgoingFields } from "./headers.ts";
import type { Http2Session } from "./session.ts";
import { ERROR_CODE } from "./wire.ts";

/** What a stream tells, by event. */
export interface StreamEvents {
  /** Client: the response began; `ended` when it has neither body nor trailers. */
  response: [fields: HeaderFields, ended: boolean];
  /** Bytes of the body. Comes only after somebody listens for it, and not while paused. */
  data: [chunk: Uint8Array];
  trailers: [fields: HeaderFields];
  /** Nothing more comes; after the last "data". */
  end: [];
  /** All that was written is handed on: it is worth to write more. */
  drain: [];
  /** Both sides have ended, or the stream was reset: see `errorCode`. After "end", if that comes. */
  close: [];
}

/** What its session does for a stream. */
export interface StreamWire {
  headers(stream: Http2Stream, fields: OutgoingFields, ended: boolean): void;
  /** There are bytes, or an end, to be sent. */
  pending(stream: Http2Stream): void;
  credit(stream: Http2Stream, bytes: number): void;
  reset(stream: Http2Stream, code: number): void;
  /** The stream is over for both sides. */
  forget(stream: Http2Stream): void;
}

/** One request and its response. Made by its session. */
export class Http2Stream extends EventEmitter<StreamEvents> {
  /** Bytes that the peer still takes. */
  sendWindow: number;
  /** Bytes that the peer may still send. */
  receiveWindow: number;
  /** Bytes that were read and that the peer was not told of yet. */
  uncredited = 0;
  /** Client: the response began. */
  responded = false;
  #id = 0;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #trailers: OutgoingFields | undefined;
  #unread: Uint8Array[] = [];
  #flowing = false;
  #delivering = false;
  #headersSent = false;
  #ending = false;
  #localEnded = false;
  #remoteEnded = false;
  #endEmitted = false;
  #closed = false;
  #closeEmitted = false;
  #errorCode: number | undefined;

  constructor(
    readonly session: Http2Session,
    readonly wire: StreamWire,
    windows: { readonly send: number; readonly receive: number },
  ) {
    super();
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
  }

  /** Its number on the connection; 0 while it waits for its turn to be opened. */
  get id(): number {
    return this.#id;
  }

  /** Headers were sent: a response can only be ended now, not begun. */
  get headersSent(): boolean {
    return this.#headersSent;
  }

  /** Everything that came was handed out. */
  get readableEnded(): boolean {
    return this.#endEmitted;
  }

  /** The peer will send no more, whether or not it was read yet. */
  get remoteEnded(): boolean {
    return this.#remoteEnded;
  }

  /** `end` was called: nothing more can be written. */
  get writableEnded(): boolean {
    return this.#ending;
  }

  /** The end went out, and all that was written before it. */
  get localEnded(): boolean {
    return this.#localEnded;
  }

  /** Nothing can be sent or come any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Why the stream was reset or lost; undefined when it went well, or goes on. */
  get errorCode(): number | undefined {
    return this.#errorCode;
  }

  /** A listener for "data" starts the flow. */
  override on<Name extends keyof StreamEvents>(
    name: Name,
    listener: (...args: StreamEvents[Name]) => void,
  ): this {
    super.on(name, listener as never);
    if (name === "data") this.resume();
    return this;
  }

  /** Begins the response, or the request. With `ended` that is all of it. */
  respond(fields: OutgoingFields, { ended = false }: { readonly ended?: boolean } = {}): void {
    if (this.#closed || this.#headersSent) return;
    this.#headersSent = true;
    if (ended) this.#ending = true;
    this.wire.headers(this, fields, ended);
    if (ended) this.#endLocal();
  }

  /** Sends `chunk`, which then must not change. False: wait for "drain" before writing more. */
  write(chunk: Uint8Array): boolean {
    if (this.#closed || this.#ending) return true;
    if (chunk.length > 0) {
      this.#unsent.push(chunk);
      this.#unsentBytes += chunk.length;
      this.wire.pending(this);
    }
    return this.#unsentBytes === 0;
  }

  /** Ends what is sent, with `trailers` if given, once all that was written is out. */
  end(trailers?: OutgoingFields): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#trailers = trailers;
    this.wire.pending(this);
  }

  /** Stops "data" until `resume`: the peer stops sending when its window is used up. */
  pause(): void {
    this.#flowing = false;
  }

  /** Lets "data" come. */
  resume(): void {
    if (this.#flowing) return;
    this.#flowing = true;
    if (this.#delivering) return;
    this.#delivering = true;
    queueMicrotask(() => {
      this.#delivering = false;
      this.#deliver();
    });
  }

  /** Ends the stream on both sides at once. */
  reset(code: number = ERROR_CODE.CANCEL): void {
    if (this.#closed) return;
    this.wire.reset(this, code);
    this.#shut(code);
  }

  /** @internal The session gives a stream its number when it is its turn. */
  opened(id: number): void {
    this.#id = id;
  }

  /** @internal Bytes that wait to be sent, and whether an end follows them. */
  get unsent(): { readonly bytes: number; readonly ending: boolean } {
    return { bytes: this.#unsentBytes, ending: this.#ending && !this.#localEnded };
  }

  /** @internal Up to `limit` bytes of what waits, as parts. */
  takeUnsent(limit: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let left = limit;
    while (left > 0 && this.#unsent.length > 0) {
      const first = this.#unsent[0] as Uint8Array;
      if (first.length <= left) {
        parts.push(first);
        this.#unsent.shift();
      } else {
        parts.push(first.subarray(0, left));
        this.#unsent[0] = first.subarray(left);
      }
      left -= Math.min(left, first.length);
    }
    this.#unsentBytes -= limit - left;
    return parts;
  }

  /** @internal What follows the last byte; nothing when the end alone does. */
  get trailers(): OutgoingFields | undefined {
    return this.#trailers;
  }

  /** @internal The end went out. */
  sentEnd(): void {
    this.#endLocal();
  }

  /** @internal Everything that waited went out. */
  drained(): void {
    if (!this.#ending && !this.#closed) this.emit("drain");
  }

  /** @internal Response headers came. */
  receiveResponse(fields: HeaderFields, ended: boolean): void {
    if (this.#closed) return;
    this.emit("response", fields, ended);
    if (ended) this.receiveEnd();
  }

  /** @internal Bytes came. */
  receiveData(chunk: Uint8Array): void {
    if (this.#closed) return;
    if (this.#flowing && !this.#delivering && this.#unread.length === 0) {
      this.wire.credit(this, chunk.length);
      this.emit("data", chunk);
    } else this.#unread.push(chunk);
  }

  /** @internal Trailers came. */
  receiveTrailers(fields: HeaderFields): void {
    if (this.#closed) return;
    this.emit("trailers", fields);
    this.receiveEnd();
  }

  /** @internal The peer ended its side. */
  receiveEnd(): void {
    if (this.#remoteEnded || this.#closed) return;
    this.#remoteEnded = true;
    if (!this.#delivering) this.#deliver();
    this.#closeIfOver();
  }

  /** @internal The peer reset the stream, or the connection is gone. */
  receiveReset(code: number): void {
    if (this.#closed) return;
    // A server that said all may stop the request like this; the answer still is to be read.
    if (code === ERROR_CODE.NO_ERROR && this.#remoteEnded) return this.#endLocal();
    this.#shut(code);
  }

  #deliver(): void {
    while (this.#flowing && this.#unread.length > 0 && !this.#isReset) {
      const chunk = this.#unread.shift() as Uint8Array;
      if (!this.#remoteEnded) this.wire.credit(this, chunk.length);
      this.emit("data", chunk);
    }
    if (!this.#remoteEnded || this.#endEmitted || this.#isReset) return;
    // An end without a body is told even when nobody asked for the body yet.
    if (this.#unread.length > 0) return;
    this.#endEmitted = true;
    this.emit("end");
    this.#emitClose();
  }

  get #isReset(): boolean {
    return this.#errorCode !== undefined;
  }

  #endLocal(): void {
    if (this.#localEnded) return;
    this.#localEnded = this.#ending = true;
    this.#closeIfOver();
  }

  #closeIfOver(): void {
    if (!this.#localEnded || !this.#remoteEnded || this.#closed) return;
    this.#closed = true;
    this.wire.forget(this);
    this.#emitClose();
  }

  /** Ends everything with an error: what was not read or sent is dropped. */
  #shut(code: number): void {
    this.#closed = this.#ending = this.#localEnded = true;
    this.#errorCode = code;
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.#unread = [];
    this.wire.forget(this);
    this.#emitClose();
  }

  /** In a turn of its own, so that whoever caused it is done with what it does. */
  #emitClose(): void {
    if (this.#closeEmitted || !this.#closed) return;
    if (!this.#endEmitted && !this.#isReset) return;
    this.#closeEmitted = true;
    queueMicrotask(() => this.emit("close"));
  }
}
