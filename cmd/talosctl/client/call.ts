import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { formatDuration, InterruptError } from "$lib/cli/mod.ts";
import { LocalRpcError, RpcError, statusName } from "./rpc_error.ts";

/** Largest single message that is taken from a node. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** One call: what is asked, of whom, and how long it may take. */
export interface CallRequest {
  /** `/machine.MachineService/Memory`. */
  readonly path: string;
  /** The request; several messages for a method that takes a stream of them. */
  readonly message: Uint8Array | AsyncIterable<Uint8Array>;
  /** Target nodes; each travels as a `nodes` metadata entry of its own. */
  readonly nodes: readonly string[];
  /** Undefined only for streams that are followed. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Sends one message and yields the messages of the answer. @throws {RpcError} on a status other
 * than OK, a deadline, an abort, or a connection that breaks.
 */
export async function* callMessages(
  session: ClientHttp2Session,
  request: CallRequest,
): AsyncGenerator<Uint8Array> {
  const stream = session.request(headersOf(request));
  const ended = new AbortController();
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders | undefined;
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    stream.destroy();
    ended.abort();
  };
  stream.once("response", (received) => headers = received);
  stream.once("trailers", (received) => trailers = received);
  stream.on(
    "error",
    (error) => fail(new LocalRpcError("Unavailable", error.message, { cause: error })),
  );
  const onAbort = (): void => fail(aborted(request.signal.reason));
  request.signal.addEventListener("abort", onAbort);
  const timer = request.timeoutMs === undefined ? undefined : setTimeout(
    () => fail(new LocalRpcError("DeadlineExceeded", late(request))),
    request.timeoutMs,
  );
  try {
    if (request.signal.aborted) onAbort();
    void send(stream, request.message).catch(fail);
    yield* messages(stream, ended.signal, () => failure);
    if (failure) throw failure;
    checkStatus(headers, trailers);
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
    stream.destroy();
  }
}

function headersOf({ path, nodes, timeoutMs }: CallRequest): Record<string, string | string[]> {
  return {
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc+proto",
    "te": "trailers",
    "user-agent": "talosctl",
    ...(timeoutMs === undefined ? {} : { "grpc-timeout": `${Math.ceil(timeoutMs)}m` }),
    // One header field a node: Go's metadata keeps fields apart and does not split commas.
    ...(nodes.length === 0 ? {} : { nodes: [...nodes] }),
  };
}

/** Sends the request; a stream of messages stops where the node has heard enough. */
async function send(stream: ClientHttp2Stream, message: CallRequest["message"]): Promise<void> {
  if (message instanceof Uint8Array) return void stream.end(frame(message));
  for await (const one of message) {
    if (stream.destroyed || stream.closed) return;
    if (!stream.write(frame(one))) await drained(stream);
  }
  if (!stream.destroyed) stream.end();
}

function drained(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.once("drain", done);
    stream.once("close", done);
  });
}

function aborted(reason: unknown): Error {
  if (reason instanceof RpcError || reason instanceof InterruptError) return reason;
  const text = reason instanceof Error ? reason.message : "the call was cancelled";
  return new LocalRpcError("Canceled", text, { cause: reason });
}

function late({ path, timeoutMs = 0 }: CallRequest): string {
  const method = path.slice(path.lastIndexOf("/") + 1);
  return `Cannot finish the ${method} call: no answer within ${formatDuration(timeoutMs)}`;
}

/** A message with gRPC's five bytes before it: not compressed, length big-endian. */
function frame(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, 5);
  return bytes;
}

async function* messages(
  stream: ClientHttp2Stream,
  ended: AbortSignal,
  failure: () => Error | undefined,
): AsyncGenerator<Uint8Array> {
  const cutter = new MessageCutter();
  try {
    for await (const chunk of stream) {
      yield* cutter.push(chunk as Uint8Array);
      if (ended.aborted) return;
    }
  } catch (error) {
    if (error instanceof RpcError) throw error;
    throw failure() ?? new LocalRpcError("Unavailable", String(error), { cause: error });
  }
  if (!cutter.empty && !failure()) {
    throw new RpcError("Internal", "the answer ended inside a message");
  }
}

/** Cuts a byte stream into gRPC messages. */
export class MessageCutter {
  #parts: Uint8Array[] = [];
  #held = 0;

  /** True between two messages. */
  get empty(): boolean {
    return this.#held === 0;
  }

  /** Takes the next bytes and yields the messages they complete. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    while (this.#held >= 5) {
      const head = this.#take(5);
      const length = new DataView(head.buffer, head.byteOffset).getUint32(1);
      if (head[0] !== 0) throw new RpcError("Internal", "the answer is compressed");
      if (length > MAX_MESSAGE_BYTES) {
        throw new RpcError("ResourceExhausted", `a message of ${length} bytes is too large`);
      }
      if (this.#held < length) {
        this.#parts.unshift(head);
        this.#held += 5;
        return;
      }
      yield this.#take(length);
    }
  }

  #take(length: number): Uint8Array {
    const taken = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const first = this.#parts[0] as Uint8Array;
      const step = Math.min(first.length, length - at);
      taken.set(first.subarray(0, step), at);
      at += step;
      if (step === first.length) this.#parts.shift();
      else this.#parts[0] = first.subarray(step);
    }
    this.#held -= length;
    return taken;
  }
}

function checkStatus(
  headers: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders | undefined,
): void {
  const said = trailers?.["grpc-status"] !== undefined ? trailers : headers;
  const code = said["grpc-status"];
  if (code === undefined) {
    const status = headers[":status"];
    throw status === undefined || Number(status) === 200
      ? new LocalRpcError("Unavailable", "the connection closed before the call was answered")
      : new RpcError("Unknown", `the server answered HTTP ${status}`);
  }
  if (Number(code) === 0) return;
  throw new RpcError(statusName(Number(code)), decodeMessage(String(said["grpc-message"] ?? "")));
}

function decodeMessage(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
