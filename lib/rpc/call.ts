import { Code } from "@connectrpc/connect";
import type { HeaderFields, Http2Session, Http2Stream } from "$lib/http2/mod.ts";
import { FrameSplitter } from "./frames.ts";
import { closedStatus, deadlinePassed, responseFault, unreachable } from "./outcome.ts";
import { readStatus, type Status } from "./status.ts";
import type { Upstream } from "./upstream.ts";

/** A call of our own to an upstream, its request already in bytes. */
export interface OutgoingRequest {
  readonly headers: HeaderFields;
  /** The request as gRPC frames. */
  readonly body: Uint8Array;
  readonly deadlineMs: number | undefined;
  readonly messageBytes: number;
  /** Gets each message of the reply. */
  readonly onMessage: (message: Uint8Array) => void;
  /** Gets the outcome, once, after the last message; not after `cancel`. */
  readonly onEnd: (status: Status) => void;
}

/** A call in progress. */
export interface OutgoingCall {
  /** Stops reading the reply, so that the peer stops sending; `resume` goes on. */
  pause(): void;
  resume(): void;
  /** Ends the call, tells the peer, and reports nothing more. */
  cancel(): void;
}

/** Opens a call to `upstream` and reports its messages and outcome as they come. */
export function openCall(upstream: Upstream, request: OutgoingRequest): OutgoingCall {
  return new Call(upstream, request);
}

class Call implements OutgoingCall {
  #up: Http2Stream | undefined;
  #status: Status | undefined;
  #done = false;
  #paused = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly upstream: Upstream, readonly request: OutgoingRequest) {
    const ms = request.deadlineMs;
    if (ms !== undefined) this.#timer = setTimeout(() => this.#end(deadlinePassed(ms)), ms);
    upstream.connect().then(this.#open, (error) => this.#end(unreachable(upstream.name, error)));
  }

  pause(): void {
    this.#paused = true;
    this.#up?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#up?.resume();
  }

  cancel(): void {
    this.#stop();
  }

  #open = (session: Http2Session): void => {
    if (this.#done) return;
    const { upstream, request } = this;
    try {
      this.#up = upstream.request(session, request.headers);
    } catch (error) {
      return this.#end(unreachable(upstream.name, error));
    }
    const up = this.#up;
    up.once("response", this.#response);
    up.once("trailers", (trailers) => this.#status = readStatus(trailers));
    up.once("close", () => this.#end(this.#status ?? closedStatus(up, upstream.name)));
    up.write(request.body);
    up.end();
  };

  #response = (headers: HeaderFields): void => {
    const up = this.#up;
    if (!up || this.#done) return;
    const fault = responseFault(headers, this.upstream.name);
    if (fault) return this.#end(fault);
    this.#status ??= readStatus(headers);
    const splitter = new FrameSplitter(this.request.messageBytes);
    up.on("data", (chunk: Uint8Array) => this.#take(splitter.push(chunk)));
    if (this.#paused) up.pause();
  };

  #take(frames: ReturnType<FrameSplitter["push"]>): void {
    if (!Array.isArray(frames)) return this.#end(frames);
    for (const { compressed, message } of frames) {
      if (this.#done) return;
      if (compressed) return this.#end(compressedUnasked);
      this.request.onMessage(message);
    }
  }

  #end(status: Status): void {
    if (this.#stop()) this.request.onEnd(status);
  }

  #stop(): boolean {
    if (this.#done) return false;
    this.#done = true;
    clearTimeout(this.#timer);
    const up = this.#up;
    if (up && !up.closed) up.reset();
    return true;
  }
}

const compressedUnasked: Status = {
  code: Code.Internal,
  message: "Cannot read reply: it is compressed and was not asked to be",
};
