import { Code } from "@connectrpc/connect";
import type { HeaderFields, Http2Session, Http2Stream } from "$lib/http2/mod.ts";
import { answerStatus, answerTrailers } from "./answer.ts";
import type { CallRegistry, OpenCall } from "./calls.ts";
import { FrameWatch } from "./frames.ts";
import { closedStatus, deadlinePassed, responseFault, unreachable } from "./outcome.ts";
import type { Status } from "./status.ts";
import type { Upstream } from "./upstream.ts";

/** One call to be passed on. */
export interface RelayCall {
  readonly upstream: Upstream;
  /** Request headers for the upstream, pseudo-headers included. */
  readonly headers: HeaderFields;
  /** When the call is ended as DeadlineExceeded, in milliseconds from now; undefined never. */
  readonly deadlineMs: number | undefined;
  /** Largest message that is passed on, in either direction. */
  readonly messageBytes: number;
  readonly registry: CallRegistry;
}

/**
 * Passes one gRPC stream on to an upstream, both ways, as raw bytes: nothing is decoded, each side
 * is read only as fast as the other takes, and a cancel, a reset or a deadline ends both.
 */
export function relay(down: Http2Stream, call: RelayCall): void {
  const refused = new Relay(down, call).start();
  if (refused) answerStatus(down, refused);
}

class Relay implements OpenCall {
  waitingSince: number | undefined = performance.now();
  #up: Http2Stream | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #trailers: HeaderFields | undefined;
  #ended = false;
  #done = false;

  constructor(readonly down: Http2Stream, readonly call: RelayCall) {}

  start(): Status | undefined {
    const { call, down } = this;
    const refused = call.registry.add(this);
    if (refused) return refused;
    down.once("close", this.#downClosed);
    if (call.deadlineMs !== undefined) {
      this.#timer = setTimeout(this.#deadline, call.deadlineMs);
    }
    const session = call.upstream.session;
    if (session) this.#open(session);
    else call.upstream.connect().then(this.#open, this.#unreachable);
    return undefined;
  }

  fail(status: Status): void {
    if (!this.#finish()) return;
    answerStatus(this.down, status);
  }

  #open = (session: Http2Session): void => {
    if (this.#done) return;
    let up: Http2Stream;
    try {
      up = this.call.upstream.request(session, this.call.headers);
    } catch (error) {
      this.#unreachable(error);
      return;
    }
    this.#up = up;
    up.once("response", this.#response);
    up.once("close", () => {
      if (!this.#done) this.fail(closedStatus(up, this.call.upstream.name));
    });
    this.#forwardRequest(up);
  };

  #forwardRequest(up: Http2Stream): void {
    const { down } = this;
    const watch = new FrameWatch(this.call.messageBytes);
    down.on("data", (chunk: Uint8Array) => {
      this.waitingSince = performance.now();
      const wrong = watch.pass(chunk);
      if (wrong) return this.fail(wrong);
      if (up.closed || up.writableEnded) return;
      if (!up.write(chunk)) {
        down.pause();
        up.once("drain", () => down.resume());
      }
    });
    const finish = () => {
      this.waitingSince = undefined;
      if (watch.complete) up.end();
      else this.fail(cutShort);
    };
    // A request without a body may have ended while the upstream was dialled.
    if (down.readableEnded) finish();
    else down.once("end", finish);
  }

  #response = (headers: HeaderFields, ended: boolean): void => {
    const { down } = this;
    // The client may have gone in this very turn: its close event comes after this one.
    if (this.#done || down.closed) return;
    const fault = responseFault(headers, this.call.upstream.name);
    if (fault) return this.fail(fault);
    if (ended) {
      if (this.#finish()) down.respond(headers, { ended: true });
      return;
    }
    down.respond(headers);
    this.#forwardReply(this.#up!);
  };

  #forwardReply(up: Http2Stream): void {
    const { down } = this;
    const watch = new FrameWatch(this.call.messageBytes);
    up.once("trailers", (trailers: HeaderFields) => {
      this.#trailers = trailers;
      if (this.#ended) this.#deliver();
    });
    up.on("data", (chunk: Uint8Array) => {
      if (this.#done) return;
      const wrong = watch.pass(chunk);
      if (wrong) return this.fail(wrong);
      if (!down.write(chunk)) {
        up.pause();
        down.once("drain", () => up.resume());
      }
    });
    up.once("end", () => {
      this.#ended = true;
      if (this.#trailers) this.#deliver();
    });
  }

  #deliver(): void {
    const trailers = this.#trailers;
    if (!trailers || !this.#finish()) return;
    answerTrailers(this.down, trailers);
  }

  #unreachable = (error: unknown): void => {
    this.fail(unreachable(this.call.upstream.name, error));
  };

  #deadline = (): void => {
    this.fail(deadlinePassed(this.call.deadlineMs));
  };

  #downClosed = (): void => {
    this.#finish();
  };

  /** Marks the call as over, once; ends the upstream's side if it is still open. */
  #finish(): boolean {
    if (this.#done) return false;
    this.#done = true;
    clearTimeout(this.#timer);
    this.call.registry.delete(this);
    const up = this.#up;
    if (up && !up.closed && !this.#ended) up.reset();
    return true;
  }
}

const cutShort: Status = {
  code: Code.InvalidArgument,
  message: "Cannot read request: it ends inside a message",
};
