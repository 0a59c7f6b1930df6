import {
  create,
  type DescMethodClientStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Balancer } from "./balancer.ts";
import type { CallRequest } from "./call.ts";
import { type NodeFailure, NodesError } from "../errors.ts";
import { RpcError } from "./rpc_error.ts";

/** How long a unary call may take when its command does not say. */
export const UNARY_MS = 60_000;
/** How long a stream that is not followed may take when its command does not say. */
export const STREAM_MS = 3_600_000;

/** One answer and the node it came from, as the user addressed it. */
export interface Answer<M> {
  readonly node: string;
  /** Whether the answer named its node, as it does when nodes were addressed. */
  readonly named: boolean;
  readonly message: M;
}

/** What every reply element and stream chunk may carry. */
interface Carrier {
  readonly metadata?: { readonly hostname: string; readonly error: string } | undefined;
}

/** The elements of a unary reply. */
export type ElementOf<O extends DescMessage> = MessageShape<O> extends
  { messages: (infer M extends Message)[] } ? M : never;

/** What a call may set beside its request. */
export interface CallOptions {
  readonly timeoutMs?: number;
  /** A stream that stays open until either side ends it: no deadline, only liveness checks. */
  readonly follow?: boolean;
}

/** Typed calls to the nodes a session addresses. */
export class Client implements Disposable {
  /** Nodes that could not answer; the session reports them when the command is done. */
  readonly failures: NodeFailure[] = [];

  constructor(
    readonly balancer: Balancer,
    readonly nodes: readonly string[],
    readonly signal: AbortSignal,
  ) {}

  /** Calls to `node` alone, over the same connections; its failures are its own. */
  only(node: string): Client {
    return new Client(this.balancer, [node], this.signal);
  }

  /** The same calls, ended by `signal` too; their failures are their own. */
  endedBy(signal: AbortSignal): Client {
    return new Client(this.balancer, this.nodes, AbortSignal.any([this.signal, signal]));
  }

  /**
   * The answers of a unary call, one a node; nodes that failed go to `failures`.
   * @throws {NodesError} when none answered
   */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<Answer<ElementOf<O>>[]> {
    return await this.#gather(this.#call(method, request, options.timeoutMs ?? UNARY_MS));
  }

  /** Sends a stream of requests; the answers are those of a unary call. @throws {NodesError} */
  async upload<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    requests: AsyncIterable<MessageInitShape<I>>,
    options: CallOptions = {},
  ): Promise<Answer<ElementOf<O>>[]> {
    return await this.#gather(this.#send(
      method,
      (async function* () {
        for await (const request of requests) {
          yield toBinary(method.input, create(method.input, request));
        }
      })(),
      options.timeoutMs ?? STREAM_MS,
    ));
  }

  async #gather<O extends DescMessage>(
    replies: AsyncIterable<{ node: string; message: MessageShape<O> }>,
  ): Promise<Answer<ElementOf<O>>[]> {
    const answers: Answer<ElementOf<O>>[] = [];
    for await (const { node, message } of replies) {
      const { messages } = message as unknown as { messages: ElementOf<O>[] };
      for (const element of messages) {
        const answer = this.#sort(node, element);
        if (answer) answers.push(answer);
      }
    }
    if (answers.length === 0 && this.failures.length > 0) throw new NodesError(this.failures);
    return answers;
  }

  /** The messages of a stream as they come; nodes that failed go to `failures`. */
  async *stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): AsyncGenerator<Answer<MessageShape<O>>> {
    const timeoutMs = options.follow ? undefined : options.timeoutMs ?? STREAM_MS;
    for await (const { node, message } of this.#call(method, request, timeoutMs)) {
      const answer = this.#sort(node, message);
      if (answer) yield answer;
    }
  }

  [Symbol.dispose](): void {
    this.balancer[Symbol.dispose]();
  }

  #call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O> | DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    timeoutMs: number | undefined,
  ): AsyncGenerator<{ node: string; message: MessageShape<O> }> {
    return this.#send(method, toBinary(method.input, create(method.input, request)), timeoutMs);
  }

  async *#send<O extends DescMessage>(
    method: DescMethod & { readonly output: O },
    request: CallRequest["message"],
    timeoutMs: number | undefined,
  ): AsyncGenerator<{ node: string; message: MessageShape<O> }> {
    const connection = await this.balancer.connection();
    const messages = connection.messages({
      path: `/${method.parent.typeName}/${method.name}`,
      message: request,
      nodes: this.nodes,
      signal: this.signal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    for await (const bytes of messages) {
      yield { node: connection.endpoint.host, message: decode(method.output, bytes) };
    }
  }

  #sort<M>(endpoint: string, message: M): Answer<M> | undefined {
    const { metadata } = message as Carrier;
    const named = Boolean(metadata?.hostname);
    const node = metadata?.hostname || endpoint;
    if (!metadata?.error) return { node, named, message };
    const reason = metadata.error;
    const told = this.failures.some((known) => known.node === node && known.reason === reason);
    if (!told) this.failures.push({ node, reason });
    return undefined;
  }
}

function decode<O extends DescMessage>(type: O, bytes: Uint8Array): MessageShape<O> {
  try {
    return fromBinary(type, bytes);
  } catch (error) {
    throw new RpcError("Internal", `Cannot read the answer: it is no ${type.typeName}`, {
      cause: error,
    });
  }
}
