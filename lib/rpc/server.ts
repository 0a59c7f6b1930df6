import * as net from "node:net";
import * as tls from "node:tls";
import { chmod, rm } from "node:fs/promises";
import { ConnectionGuard, type OnStream, type ServerLimits } from "./connections.ts";
import type { Identity } from "./dial.ts";

/** Where a server listens: a TCP address or a unix socket with its file mode. */
export type Listen =
  | { readonly host: string; readonly port: number }
  | { readonly path: string; readonly mode: number };

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

/** Serves HTTP/2 with each request handed to `onStream`; resolves once it listens. */
export async function serveStreams(options: ServeOptions): Promise<GrpcServer> {
  const { limits = {}, onStream, onRefused = () => {} } = options;
  const guard = new ConnectionGuard(limits, onStream, onRefused);
  const server = options.tls ? secureServer(options.tls, guard) : plainServer(guard);
  const port = await listen(server, options.listen);
  let closed: Promise<void> | undefined;
  return {
    port,
    connections: () => guard.size,
    renew(identity) {
      if (server instanceof tls.Server) server.setSecureContext(secureContext(identity));
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

function plainServer(guard: ConnectionGuard): net.Server {
  return net.createServer((socket) => {
    guard.accept(socket);
    guard.serve(socket);
  });
}

function secureServer(
  { identity, vet }: NonNullable<ServeOptions["tls"]>,
  guard: ConnectionGuard,
): tls.Server {
  const server = tls.createServer({
    ...secureContext(identity),
    requestCert: vet !== undefined,
    rejectUnauthorized: vet !== undefined,
    ALPNProtocols: ["h2"],
    handshakeTimeout: guard.limits.handshakeMs,
  });
  server.prependListener("connection", (socket: net.Socket) => guard.accept(socket));
  server.on("secureConnection", (socket: tls.TLSSocket) => {
    const fault = socket.alpnProtocol === "h2" ? vet?.(socket) : "it speaks no HTTP/2";
    if (fault === undefined) guard.serve(socket);
    else guard.refuse(socket, fault);
  });
  server.on("tlsClientError", (error: Error, socket: tls.TLSSocket) => {
    guard.refuse(socket, refusal(error, socket));
  });
  return server;
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

async function listen(server: net.Server, where: Listen): Promise<number> {
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
