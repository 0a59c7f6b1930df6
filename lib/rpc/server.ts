import * as http2 from "node:http2";
import type * as net from "node:net";
import type * as tls from "node:tls";
import { chmod, rm } from "node:fs/promises";
import { coalesceWrites } from "./coalesce.ts";
import { ConnectionGuard, type ServerLimits } from "./connections.ts";
import type { Identity } from "./dial.ts";

/** Where a server listens: a TCP address or a unix socket with its file mode. */
export type Listen =
  | { readonly host: string; readonly port: number }
  | { readonly path: string; readonly mode: number };

/** A stream handler: called for each request, before any of its body was read. */
export type OnStream = (
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
) => void;

/** How to serve gRPC streams. */
export interface ServeOptions {
  readonly listen: Listen;
  readonly onStream: OnStream;
  readonly limits?: Partial<ServerLimits>;
  /** TLS 1.3: who we are, whose clients we take. Absent: no encryption, no authentication. */
  readonly tls?: {
    readonly identity: Identity;
    /**
     * Called for each connected client, which shows a certificate of the identity's CA; a sentence
     * refuses it. Absent: anyone is taken, and no client is asked for a certificate.
     */
    readonly vet?: (socket: tls.TLSSocket) => string | undefined;
  };
  /** Told of each connection that is refused or dropped, and why. */
  readonly onRefused?: (peer: string, reason: string) => void;
}

/** A server that runs. */
export interface GrpcServer {
  /** The TCP port it listens on; 0 for a unix socket. */
  readonly port: number;
  /** Connections that are open now. */
  connections(): number;
  /** Uses another identity from the next handshake on; open connections stay. */
  renew(identity: Identity): void;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/** Serves HTTP/2 with the `stream` events handed to `onStream`; resolves once it listens. */
export async function serveStreams(options: ServeOptions): Promise<GrpcServer> {
  const guard = new ConnectionGuard(options.limits ?? {}, options.onRefused ?? (() => {}));
  const server = options.tls ? secureServer(options.tls, guard) : plainServer(guard);
  server.on("stream", (stream, headers) => {
    if (guard.called(stream)) options.onStream(stream, headers);
    else stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
  });
  server.on("session", (session) => guard.session(session));
  server.on("sessionError", () => {});
  const port = await listen(server, options.listen);
  let closed: Promise<void> | undefined;
  return {
    port,
    connections: () => guard.size,
    renew(identity) {
      if (isSecure(server)) server.setSecureContext(secureContext(identity));
    },
    close() {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        guard.close();
      });
      return closed;
    },
  };
}

function plainServer(guard: ConnectionGuard): http2.Http2Server {
  const server = http2.createServer({ settings: guard.settings });
  server.prependListener("connection", (socket: net.Socket) => {
    guard.accept(coalesceWrites(socket));
  });
  return server;
}

function secureServer(
  { identity, vet }: NonNullable<ServeOptions["tls"]>,
  guard: ConnectionGuard,
): http2.Http2SecureServer {
  const server = http2.createSecureServer({
    ...secureContext(identity),
    requestCert: vet !== undefined,
    rejectUnauthorized: vet !== undefined,
    ALPNProtocols: ["h2"],
    handshakeTimeout: guard.limits.handshakeMs,
    settings: guard.settings,
  });
  server.prependListener("connection", (socket: net.Socket) => guard.accept(socket));
  // Ahead of the server's own listener, so that a refused client never gets an HTTP/2 session.
  server.prependListener("secureConnection", (socket: tls.TLSSocket) => {
    guard.secured(coalesceWrites(socket));
    const fault = vet?.(socket);
    if (fault !== undefined) guard.refuse(socket, fault);
  });
  server.on("tlsClientError", (error: Error, socket: tls.TLSSocket) => {
    guard.refuse(socket, refusal(error, socket));
  });
  server.on("unknownProtocol", (socket: tls.TLSSocket) => {
    guard.refuse(socket, "it speaks no HTTP/2");
  });
  return server;
}

function isSecure(server: object): server is http2.Http2SecureServer {
  return "setSecureContext" in server;
}

function secureContext({ ca, cert, key }: Identity): tls.SecureContextOptions {
  return { ca, cert, key, minVersion: "TLSv1.3" };
}

/**
 * Why the TLS layer turned a client away. For a certificate it gives one code whatever is wrong, and
 * the certificate itself is gone by then, so the log can only say what there is to look at.
 */
function refusal(error: Error, socket: tls.TLSSocket): string {
  const code: unknown = socket.authorizationError;
  if (!code) return error.message;
  return "client certificate: expired, not valid yet, not from our CA, or not for client " +
    `authentication (${String(code)})`;
}

async function listen(
  server: http2.Http2Server | http2.Http2SecureServer,
  where: Listen,
): Promise<number> {
  if ("path" in where) await rm(where.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const listening = (): void => {
      server.off("error", reject);
      resolve();
    };
    if ("path" in where) server.listen(where.path, listening);
    else server.listen(where.port, where.host, listening);
  });
  if ("path" in where) {
    await chmod(where.path, where.mode);
    return 0;
  }
  const address = server.address();
  return typeof address === "object" && address ? address.port : where.port;
}
