import * as net from "node:net";
import type { Transport } from "@connectrpc/connect";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";
import { createTransport } from "@connectrpc/connect/protocol-grpc";
import { dialTls, dialUnix, type Identity } from "./dial.ts";
import { MESSAGE_LIMIT_BYTES } from "./frames.ts";
import { sessionClient } from "./session_client.ts";
import { Upstream, type UpstreamOptions } from "./upstream.ts";

/** What every client transport lets its maker choose. */
export interface TransportOptions extends UpstreamOptions {
  /** Deadline of a unary call that names none; 30 seconds when absent. Streams get none. */
  readonly timeoutMs?: number;
  /** Largest message of a reply; 32 MiB when absent. */
  readonly messageBytes?: number;
}

/** A TLS client: where it connects, as whom, and whom it trusts. */
export interface TlsOptions extends TransportOptions, Partial<Identity> {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the server's public key (SPKI) in base64: trusted whoever signed the certificate. */
  readonly pin?: string;
}

/** A transport over one session of its own, dialed on first use and again after it broke. */
export interface SessionTransport extends Transport {
  /** Ends the session and the calls on it. */
  close(): void;
}

/** Deadline of a unary call when nothing else is said. */
const UNARY_MS = 30_000;
/** What is sent is ours, and not compressed: Connect asks for a bound. */
const SENT_BYTES = 0xffffffff;

/** A client transport to a gRPC server on a unix socket. */
export function unixTransport(path: string, options: TransportOptions = {}): SessionTransport {
  return sessionTransport("http://localhost", new Upstream(path, dialUnix(path), options), options);
}

/** A client transport to a gRPC server over TLS 1.3; without `ca` and `pin` any server is taken. */
export function tlsTransport(options: TlsOptions): SessionTransport {
  const { host, port, pin } = options;
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  const target = { host, port, identity: () => options, ...(pin === undefined ? {} : { pin }) };
  const upstream = new Upstream(authority, dialTls(target), { pingAfterMs: 15_000, ...options });
  return sessionTransport(`https://${authority}`, upstream, options);
}

/**
 * A Connect transport over our own session: dialing has a deadline, and a target that cannot be reached
 * is Unavailable by name.
 */
function sessionTransport(
  baseUrl: string,
  upstream: Upstream,
  options: TransportOptions,
): SessionTransport {
  const transport = grpcTransport(baseUrl, sessionClient(upstream), options);
  return { ...transport, close: () => upstream.close() };
}

/** gRPC over an HTTP client: nothing is compressed, and a unary call has a deadline. */
export function grpcTransport(
  baseUrl: string,
  httpClient: UniversalClientFn,
  { timeoutMs = UNARY_MS, messageBytes = MESSAGE_LIMIT_BYTES }: TransportOptions,
): Transport {
  const transport = createTransport({
    httpClient,
    baseUrl,
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: SENT_BYTES,
    readMaxBytes: messageBytes,
    writeMaxBytes: SENT_BYTES,
  });
  return withDeadline(transport, timeoutMs);
}

/** `transport` whose unary calls end after `ms` unless they say otherwise. */
export function withDeadline(transport: Transport, ms: number): Transport {
  return {
    unary: (method, signal, timeoutMs, header, input, values) =>
      transport.unary(method, signal, timeoutMs ?? ms, header, input, values),
    stream: (method, signal, timeoutMs, header, input, values) =>
      transport.stream(method, signal, timeoutMs, header, input, values),
  };
}
