import { create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { drained, type HeaderFields, type Http2Stream } from "$lib/http2/mod.ts";
import { answerStatus, answerTrailers } from "./answer.ts";
import type { CallRegistry, OpenCall } from "./calls.ts";
import type { OnStream } from "./connections.ts";
import { CallContext } from "./context.ts";
import type { DeadlineRules } from "./deadline.ts";
import { failureTrailers } from "./failure.ts";
import { type Frame, frameOf, FrameSplitter } from "./frames.ts";
import { admit } from "./guard.ts";
import { inflate } from "./inflate.ts";
import { deadlinePassed } from "./outcome.ts";
import { callDeadline } from "./pass.ts";
import { requestFrames } from "./request_stream.ts";
import type { ServedMethod, ServedMethods } from "./services.ts";
import { OK, type Status } from "./status.ts";

/** What calls of served methods go by. */
export interface DispatchOptions {
  readonly methods: ServedMethods;
  readonly registry: CallRegistry;
  readonly deadlines: DeadlineRules;
  readonly messageBytes: number;
  /** Told of each throw of a handler that is not a ConnectError, with its path; for the log. */
  readonly onError: (path: string, error: unknown) => void;
}

/** Handles streams by calling the methods that are served. */
export function dispatch(options: DispatchOptions): OnStream {
  return (stream, headers) => {
    const request = admit(stream, headers);
    if (!request) return;
    const { service, method } = request;
    const served = options.methods.find(service, method);
    if (!served) {
      const { code, rawMessage } = options.methods.missing(service, method);
      return answerStatus(stream, { code, message: rawMessage });
    }
    const deadlineMs = callDeadline(headers, options.deadlines);
    if (typeof deadlineMs === "object") return answerStatus(stream, deadlineMs);
    const refused = new ServedCall(stream, headers, served, deadlineMs, options).start();
    if (refused) answerStatus(stream, refused);
  };
}

class ServedCall implements OpenCall {
  waitingSince: number | undefined = performance.now();
  readonly #context: CallContext;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #done = false;

  constructor(
    readonly stream: Http2Stream,
    readonly headers: HeaderFields,
    readonly served: ServedMethod,
    readonly deadlineMs: number | undefined,
    readonly options: DispatchOptions,
  ) {
    const deadline = deadlineMs === undefined ? undefined : performance.now() + deadlineMs;
    this.#context = new CallContext(served.method, headers, deadline);
  }

  start(): Status | undefined {
    const refused = this.options.registry.add(this);
    if (refused) return refused;
    const { stream, deadlineMs } = this;
    stream.once("close", () => this.#stop(new ConnectError("the client left", Code.Canceled)));
    if (deadlineMs !== undefined) {
      this.#timer = setTimeout(() => this.fail(deadlinePassed(deadlineMs)), deadlineMs);
    }
    if (this.served.method.methodKind === "client_streaming") void this.#answerStream();
    else this.#readRequest();
    return undefined;
  }

  fail(status: Status): void {
    if (this.#stop(new ConnectError(status.message, status.code))) {
      answerStatus(this.stream, status);
    }
  }

  #readRequest(): void {
    const splitter = new FrameSplitter(this.options.messageBytes);
    let frame: Frame | undefined;
    this.stream.on("data", (chunk: Uint8Array) => {
      if (this.#done) return;
      this.waitingSince = performance.now();
      const frames = splitter.push(chunk);
      if (!Array.isArray(frames)) return this.fail(frames);
      if (frames.length > (frame ? 0 : 1)) return this.fail(notOneMessage);
      frame ??= frames[0];
    });
    this.stream.once("end", () => {
      this.waitingSince = undefined;
      if (this.#done) return;
      if (!frame || splitter.heldBytes > 0) this.fail(notOneMessage);
      else void this.#answer(frame);
    });
  }

  /** Answers a stream of requests; the handler takes them as they come. */
  async #answerStream(): Promise<void> {
    try {
      this.#reply(await (this.served.call(this.#requests(), this.#context) as Promise<Message>));
    } catch (error) {
      this.#throwOut(error);
    }
  }

  async *#requests(): AsyncGenerator<Message> {
    const waiting = (since: number | undefined): void => void (this.waitingSince = since);
    for await (const frame of requestFrames(this.stream, this.options.messageBytes, waiting)) {
      yield await this.#message(frame);
    }
  }

  async #answer(frame: Frame): Promise<void> {
    const { method } = this.served;
    try {
      const request = await this.#message(frame);
      const result = this.served.call(request, this.#context);
      if (method.methodKind === "unary") this.#reply(await (result as Promise<Message>));
      else await this.#replyStream(result as AsyncIterable<Message>);
    } catch (error) {
      this.#throwOut(error);
    }
  }

  async #message(frame: Frame): Promise<Message> {
    return this.#decode(frame.compressed ? await this.#inflated(frame) : frame.message);
  }

  #decode(message: Uint8Array): Message {
    try {
      return fromBinary(this.served.method.input, message);
    } catch (error) {
      throw new ConnectError(
        `Cannot read request: it is no ${this.served.method.input.typeName}`,
        Code.InvalidArgument,
        undefined,
        undefined,
        error,
      );
    }
  }

  #inflated({ message }: Frame): Promise<Uint8Array> {
    return inflate(message, this.headers["grpc-encoding"], this.options.messageBytes);
  }

  #encode(message: Message): Uint8Array {
    const output: DescMessage = this.served.method.output;
    return frameOf(toBinary(output, create(output, message)));
  }

  #reply(message: Message): void {
    const frame = this.#encode(message);
    if (!this.#stop(undefined)) return;
    this.#respond();
    this.stream.write(frame);
    answerTrailers(this.stream, this.#context.addTrailers({ "grpc-status": String(OK) }));
  }

  async #replyStream(messages: AsyncIterable<Message>): Promise<void> {
    // Leaving the loop, also by a throw, ends the handler's generator.
    for await (const message of messages) {
      if (this.#done) return;
      if (!this.stream.headersSent) this.#respond();
      if (!this.stream.write(this.#encode(message))) await drained(this.stream);
      if (this.#done) return;
    }
    if (!this.#stop(undefined)) return;
    if (!this.stream.headersSent) this.#respond();
    answerTrailers(this.stream, this.#context.addTrailers({ "grpc-status": String(OK) }));
  }

  #respond(): void {
    const headers = { ":status": "200", "content-type": "application/grpc" };
    this.stream.respond(this.#context.addHeaders(headers));
  }

  #throwOut(error: unknown): void {
    if (!(error instanceof ConnectError) && !this.#done) {
      this.options.onError(this.headers[":path"] ?? "", error);
    }
    if (!this.#stop(error)) return;
    const { stream } = this;
    const trailers = this.#context.addTrailers(failureTrailers(error));
    if (stream.headersSent) return answerTrailers(stream, trailers);
    const headers = { ":status": "200", "content-type": "application/grpc", ...trailers };
    stream.respond(this.#context.addHeaders(headers), { ended: true });
  }

  #stop(reason: unknown): boolean {
    if (this.#done) return false;
    this.#done = true;
    clearTimeout(this.#timer);
    this.options.registry.delete(this);
    if (reason !== undefined) this.#context.abort(reason);
    return true;
  }
}

const notOneMessage: Status = {
  code: Code.InvalidArgument,
  message: "Cannot read request: it is not exactly one message",
};
