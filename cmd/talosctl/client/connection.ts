import * as http2 from "node:http2";
import type { TLSSocket } from "node:tls";
import { callMessages, type CallRequest } from "./call.ts";
import { clientRefusal, dial, type Identity } from "./dial.ts";
import { type Endpoint, endpointName } from "./endpoint.ts";
import { LocalRpcError, reasonOf, RpcError } from "./rpc_error.ts";
import { refusalOf } from "./refusal.ts";

/** How long a silent connection is trusted before it is pinged, and how long the pong may take. */
const PING_MS = 20_000;
const PONG_MS = 10_000;

/** One HTTP/2 session to one endpoint. */
export class Connection implements Disposable {
  readonly #session: http2.ClientHttp2Session;
  readonly #lost = new AbortController();
  readonly #pings: ReturnType<typeof setInterval>;

  #answered = false;

  private constructor(
    readonly endpoint: Endpoint,
    readonly identity: Identity,
    socket: TLSSocket,
  ) {
    this.#session = http2.connect(`https://${endpointName(endpoint)}`, {
      createConnection: () => socket,
    });
    this.#session.on("error", (error) => this.#lose(error));
    this.#session.on("close", () => this.#lose(new Error("the connection was closed")));
    // In TLS 1.3 a node judges the client's certificate after the handshake: the alert comes here.
    socket.on("error", (error) => this.#lose(error));
    this.#pings = setInterval(() => this.#ping(), PING_MS);
  }

  /** Connects to `endpoint`. @throws {DialError} */
  static async open(endpoint: Endpoint, identity: Identity, dialMs: number): Promise<Connection> {
    return new Connection(endpoint, identity, await dial(endpoint, identity, dialMs));
  }

  get usable(): boolean {
    return !this.#lost.signal.aborted && !this.#session.closed && !this.#session.destroyed;
  }

  /** The messages that answer `request`. @throws {RpcError} */
  async *messages(request: CallRequest): AsyncGenerator<Uint8Array> {
    const signal = AbortSignal.any([request.signal, this.#lost.signal]);
    try {
      for await (const message of callMessages(this.#session, { ...request, signal })) {
        this.#answered = true;
        yield message;
      }
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** A connection that broke before its first answer was most likely refused: ask why. */
  async #explain(error: unknown): Promise<unknown> {
    const broken = error instanceof RpcError && error.status === "Unavailable";
    if (this.#answered || !broken || !(error instanceof LocalRpcError)) return error;
    const refusal = await refusalOf(this.endpoint, this.identity);
    return refusal ? new LocalRpcError("Unauthenticated", refusal, { cause: error }) : error;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#pings);
    this.#session.destroy();
  }

  #lose(error: unknown): void {
    const refusal = clientRefusal(this.endpoint, error);
    const status = refusal ? "Unauthenticated" : "Unavailable";
    const reason = refusal ??
      `Cannot talk to ${endpointName(this.endpoint)}: ${reasonOf(error)}`;
    this.#lost.abort(new LocalRpcError(status, reason, { cause: error }));
    clearInterval(this.#pings);
  }

  #ping(): void {
    const late = setTimeout(
      () => this.#lose(new Error(`no answer to a ping within ${PONG_MS / 1_000}s`)),
      PONG_MS,
    );
    try {
      this.#session.ping(() => clearTimeout(late));
    } catch {
      clearTimeout(late);
    }
  }
}
