/**
 * gRPC over the runtime's `fetch`, for PID 1: a fault in the runtime's `node:http2` client aborts the
 * process, one in `fetch` rejects a promise.
 *
 * `fetch` shows no trailers. Servers in Go answer a call that failed before its first message with
 * headers alone, which hold the status; so a body that ends between two messages counts as success.
 * What stays unseen is an error that comes after messages of a server stream. A stream is ended by the
 * signal of its call: Connect does not tell a transport that a loop over it was left.
 */
import * as net from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";
import type { Identity } from "./dial.ts";
import { concatBytes } from "./frames.ts";
import type { SessionTransport, TransportOptions } from "./transport.ts";
import { grpcTransport } from "./transport.ts";

/** What a caller may choose. */
export type FetchOptions = Pick<TransportOptions, "timeoutMs" | "messageBytes">;

/** A client of the gRPC server on a unix socket: unary calls and server streams. */
export function fetchUnixTransport(path: string, options: FetchOptions = {}): SessionTransport {
  const proxy = { transport: "unix", path } as const;
  const client = Deno.createHttpClient({ proxy, http1: false, http2: true });
  return fetchTransport({ name: path, baseUrl: "http://localhost", client }, options);
}

/** A client over TLS that shows `identity` and trusts its CA alone: unary calls and server streams. */
export function fetchTlsTransport(
  { host, port, identity, ...options }:
    & { readonly host: string; readonly port: number; readonly identity: Identity }
    & FetchOptions,
): SessionTransport {
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  const { ca, cert, key } = identity;
  const client = Deno.createHttpClient({
    caCerts: [ca],
    cert,
    key,
    http1: false,
    http2: true,
  });
  return fetchTransport({ name: authority, baseUrl: `https://${authority}`, client }, options);
}

interface Target {
  readonly name: string;
  readonly baseUrl: string;
  readonly client: Deno.HttpClient;
}

function fetchTransport(target: Target, options: FetchOptions): SessionTransport {
  const transport = grpcTransport(target.baseUrl, httpClient(target), options);
  return { ...transport, close: () => target.client.close() };
}

function httpClient({ name, client }: Target): UniversalClientFn {
  return async ({ url, method, header, body, signal }) => {
    const sent = body === undefined ? new Uint8Array() : await gather(body);
    const reply = await answered(
      name,
      signal,
      () => fetch(url, { client, method, headers: header, body: sent, ...(signal && { signal }) }),
    );
    const trailer = new Headers();
    const status = reply.headers.get("grpc-status");
    if (status === null) {
      return {
        status: reply.status,
        header: reply.headers,
        trailer,
        body: messages(name, signal, reply, trailer),
      };
    }
    await reply.body?.cancel();
    for (const key of ["grpc-status", "grpc-message", "grpc-status-details-bin"]) {
      const value = reply.headers.get(key);
      if (value !== null) trailer.set(key, value);
    }
    return { status: reply.status, header: reply.headers, trailer, body: nothing() };
  };
}

/** The body; its whole arrival is success, since a connection that breaks rejects the read. */
async function* messages(
  name: string,
  signal: AbortSignal | undefined,
  { body }: Response,
  trailer: Headers,
): AsyncIterable<Uint8Array> {
  const reader = body?.getReader();
  try {
    while (reader) {
      const { done, value } = await answered(name, signal, () => reader.read());
      if (done) break;
      yield value;
    }
    trailer.set("grpc-status", "0");
  } finally {
    reader?.cancel().catch(() => {});
  }
}

async function* nothing(): AsyncIterable<Uint8Array> {}

/** The request whole: with its length known, a call that never left is tried on a new connection. */
async function gather(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return concatBytes(await Array.fromAsync(parts)) as Uint8Array<ArrayBuffer>;
}

/** What `step` gives; a broken connection as Unavailable with its innermost cause. */
async function answered<T>(
  name: string,
  signal: AbortSignal | undefined,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (signal?.aborted) throw error;
    const message = `Cannot reach ${name}: ${innermost(error)}`;
    throw new ConnectError(message, Code.Unavailable, undefined, undefined, error);
  }
}

function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return innermost(error.cause);
  return error.message.replace(
    /^error sending request for url \(\S+\): (client error \(\w+\): )?/,
    "",
  );
}
