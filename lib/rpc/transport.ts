import * as net from "node:net";
import * as tls from "node:tls";
import { X509Certificate } from "node:crypto";
import { createHash } from "node:crypto";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { MESSAGE_LIMIT_BYTES } from "./frames.ts";

/** What every client transport lets its maker choose. */
export interface TransportOptions {
  /** Deadline of a unary call that names none; 30 seconds when absent. Streams get none. */
  readonly timeoutMs?: number;
  /** Largest message of a reply; 32 MiB when absent. */
  readonly messageBytes?: number;
}

/** A TLS client: where it connects, as whom, and whom it trusts. */
export interface TlsOptions extends TransportOptions {
  readonly host: string;
  readonly port: number;
  /** PEM; without it and without `pin` the server is not checked at all (maintenance mode). */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** SHA-256 of the server's public key (SPKI) in base64: trusted whoever signed the certificate. */
  readonly pin?: string;
}

/** Deadline of a unary call when nothing else is said. */
const UNARY_MS = 30_000;

/** A client transport to a gRPC server on a unix socket. */
export function unixTransport(path: string, options: TransportOptions = {}): Transport {
  const transport = createGrpcTransport({
    baseUrl: "http://localhost",
    nodeOptions: { createConnection: () => net.connect(path) },
    readMaxBytes: options.messageBytes ?? MESSAGE_LIMIT_BYTES,
  });
  return withDeadline(transport, options.timeoutMs ?? UNARY_MS);
}

/** A client transport to a gRPC server over TLS 1.3. */
export function tlsTransport(options: TlsOptions): Transport {
  const { host, port } = options;
  const transport = createGrpcTransport({
    baseUrl: `https://${net.isIPv6(host) ? `[${host}]` : host}:${port}`,
    nodeOptions: { createConnection: () => connectTls(options) },
    readMaxBytes: options.messageBytes ?? MESSAGE_LIMIT_BYTES,
  });
  return withDeadline(transport, options.timeoutMs ?? UNARY_MS);
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

function connectTls({ host, port, ca, cert, key, pin }: TlsOptions): tls.TLSSocket {
  const socket = tls.connect({
    host,
    port,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.3",
    rejectUnauthorized: ca !== undefined && pin === undefined,
  });
  // First among the listeners: nothing is sent to a server whose key is another.
  if (pin !== undefined) {
    socket.prependListener("secureConnect", () => {
      const fault = pinFault(socket.getPeerCertificate(false).raw, pin);
      if (fault) socket.destroy(new Error(fault));
    });
  }
  return socket;
}

function pinFault(der: Uint8Array | undefined, pin: string): string | undefined {
  if (!der) return "Cannot trust server: it showed no certificate";
  const spki = new X509Certificate(der).publicKey.export({ type: "spki", format: "der" });
  const seen = createHash("sha256").update(spki).digest("base64");
  return seen === pin ? undefined : `Cannot trust server: its key's fingerprint is ${seen}`;
}
