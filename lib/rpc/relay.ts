import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from "node:http2";
import { constants } from "node:http2";
import { Code } from "@connectrpc/connect";
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
  readonly headers: OutgoingHttpHeaders;
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
export function relay(down: ServerHttp2Stream, call: RelayCall): void {
  const refused = new Relay(down, call).start();
  if (refused) answerStatus(down, refused);
}

class Relay implements OpenCall {
  waitingSince: number | undefined = performance.now();
  #up: ClientHttp2Stream | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #ended = false;
  #done = false;

  constructor(readonly down: ServerHttp2Stream, readonly call: RelayCall) {}

  start(): Status | undefined {
    const { call, down } = this;
    down.on("error", () => {});
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

  #open = (session: ClientHttp2Session): void => {
    if (this.#done) return;
    let up: ClientHttp2Stream;
    try {
      up = this.call.upstream.request(session, this.call.headers);
    } catch (error) {
      this.#unreachable(error);
      return;
    }
    this.#up = up;
    up.on("error", () => {});
    up.once("response", this.#response);
    up.once("close", () => {
      if (!this.#done) this.fail(closedStatus(up, session, this.call.upstream.name));
    });
    this.#forwardRequest(up);
  };

  #forwardRequest(up: ClientHttp2Stream): void {
    const { down } = this;
    const watch = new FrameWatch(this.call.messageBytes);
    down.on("data", (chunk: Uint8Array) => {
      this.waitingSince = performance.now();
      const wrong = watch.pass(chunk);
      if (wrong) return this.fail(wrong);
      if (up.destroyed || up.writableEnded) return;
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

  #response = (headers: IncomingHttpHeaders, flags: number): void => {
    const { down } = this;
    // The client may have gone in this very turn: its close event comes after this one.
    if (this.#done || down.destroyed || down.closed) return;
    const fault = responseFault(headers, this.call.upstream.name);
    if (fault) return this.fail(fault);
    if (flags & constants.NGHTTP2_FLAG_END_STREAM) {
      if (!this.#finish()) return;
      down.respond(headers, { endStream: true });
      return;
    }
    down.respond(headers, { waitForTrailers: true });
    this.#forwardReply(this.#up!);
  };

  #forwardReply(up: ClientHttp2Stream): void {
    const { down } = this;
    const watch = new FrameWatch(this.call.messageBytes);
    up.once("trailers", (trailers: IncomingHttpHeaders) => {
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
    if (up && !up.closed && !this.#ended) up.close(constants.NGHTTP2_CANCEL);
    return true;
  }
}

const cutShort: Status = {
  code: Code.InvalidArgument,
  message: "Cannot read request: it ends inside a message",
};
