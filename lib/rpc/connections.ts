import type * as http2 from "node:http2";
import type * as net from "node:net";
import type * as tls from "node:tls";
import { HEADER_LIMIT_BYTES } from "./guard.ts";

/** Bounds on the connections of one server. */
export interface ServerLimits {
  /** Connections open at once; the one that waits longest for its handshake makes room. */
  readonly maxConnections: number;
  /** Time for the TLS handshake. */
  readonly handshakeMs: number;
  /** Time from the connection to its first call. */
  readonly firstCallMs: number;
  /** A connection without calls for this long is closed. */
  readonly idleMs: number;
  /** Calls open at once on one connection. */
  readonly maxStreams: number;
}

/** What a server of a node allows when nothing else is said. */
export const SERVER_LIMITS: ServerLimits = {
  maxConnections: 2_048,
  handshakeMs: 10_000,
  firstCallMs: 20_000,
  idleMs: 600_000,
  maxStreams: 256,
};

/** What is known of one connection. */
interface Connection {
  readonly socket: net.Socket;
  readonly peer: string;
  readonly since: number;
  session: http2.ServerHttp2Session | undefined;
  calledAt: number | undefined;
  streams: number;
  refused: boolean;
}

/** Keeps the connections of one server within its limits and names the peers it turns away. */
export class ConnectionGuard {
  readonly limits: ServerLimits;
  readonly #open = new Map<net.Socket, Connection>();
  /** Also of sockets that closed already: a refused one often has when the refusal is told. */
  readonly #bySocket = new WeakMap<net.Socket, Connection>();
  readonly #bySession = new WeakMap<http2.Http2Session, Connection>();
  /** The connection whose session is being made: Node makes it within the connection's event. */
  #current: Connection | undefined;
  readonly #sweep: ReturnType<typeof setInterval>;

  constructor(
    limits: Partial<ServerLimits>,
    readonly onRefused: (peer: string, reason: string) => void,
  ) {
    this.limits = { ...SERVER_LIMITS, ...limits };
    const shortest = Math.min(this.limits.firstCallMs, this.limits.idleMs);
    this.#sweep = setInterval(() => this.#dropIdle(), Math.max(50, Math.min(5_000, shortest / 2)));
  }

  /** HTTP/2 settings that tell clients of the limits. */
  get settings(): http2.Settings {
    return {
      maxConcurrentStreams: this.limits.maxStreams,
      maxHeaderListSize: HEADER_LIMIT_BYTES,
      enablePush: false,
    };
  }

  /** Connections open now. */
  get size(): number {
    return this.#open.size;
  }

  /** Takes a new connection in, or turns it (or one that never spoke) away when all places are taken. */
  accept(socket: net.Socket): void {
    const connection: Connection = {
      socket,
      peer: `${socket.remoteAddress ?? "unix"}:${socket.remotePort ?? 0}`,
      since: performance.now(),
      session: undefined,
      calledAt: undefined,
      streams: 0,
      refused: false,
    };
    this.#open.set(socket, connection);
    this.#bySocket.set(socket, connection);
    this.#current = connection;
    socket.once("close", () => this.#open.delete(socket));
    socket.setKeepAlive?.(true, 30_000);
    socket.setNoDelay?.(true);
    if (this.#open.size > this.limits.maxConnections) this.#makeRoom();
  }

  /** Lets a connection whose handshake is done go on to its HTTP/2 session. */
  secured(socket: tls.TLSSocket): void {
    this.#current = this.#connectionOf(socket);
  }

  /** Ties an HTTP/2 session to its connection. */
  session(session: http2.ServerHttp2Session): void {
    session.on("error", () => {});
    const connection = this.#current;
    this.#current = undefined;
    if (!connection) return;
    connection.session = session;
    this.#bySession.set(session, connection);
    if (connection.refused) connection.socket.destroy();
  }

  /** Counts a call on its connection; false when the connection may make none. */
  called(stream: http2.ServerHttp2Stream): boolean {
    const connection = stream.session && this.#bySession.get(stream.session);
    if (!connection || connection.refused) return false;
    connection.calledAt = performance.now();
    connection.streams++;
    stream.once("close", () => {
      connection.streams--;
      connection.calledAt = performance.now();
    });
    return true;
  }

  /** Ends a connection and says why. */
  refuse(socket: net.Socket | tls.TLSSocket, reason: string): void {
    const connection = this.#connectionOf(socket);
    if (connection) this.#drop(connection, reason);
    else this.onRefused("unknown", reason);
    socket.destroy();
  }

  /** Ends every connection. */
  close(): void {
    clearInterval(this.#sweep);
    for (const { socket } of this.#open.values()) endAbruptly(socket);
  }

  #drop(connection: Connection, reason: string): void {
    if (connection.refused) return;
    connection.refused = true;
    this.onRefused(connection.peer, reason);
    endAbruptly(connection.socket);
  }

  /** A Map iterates in order of arrival, so the first without a call is the one waiting longest. */
  #makeRoom(): void {
    let last: Connection | undefined;
    for (const connection of this.#open.values()) {
      if (connection.calledAt === undefined && !connection.refused) {
        return this.#drop(connection, "too many connections, and it made no call");
      }
      last = connection;
    }
    if (last) this.#drop(last, "too many connections");
  }

  #dropIdle(): void {
    const now = performance.now();
    for (const connection of this.#open.values()) {
      const { session, calledAt, since } = connection;
      if (calledAt === undefined) {
        if (now - since > this.limits.firstCallMs) {
          this.#drop(connection, `no call within ${this.limits.firstCallMs} ms`);
        }
      } else if (now - calledAt > this.limits.idleMs && session && connection.streams === 0) {
        session.close();
      }
    }
  }

  #connectionOf(socket: net.Socket | tls.TLSSocket | undefined): Connection | undefined {
    const raw = (socket as { _parent?: net.Socket } | undefined)?._parent;
    return (raw && this.#bySocket.get(raw)) ?? (socket && this.#bySocket.get(socket));
  }
}

/**
 * Ends the socket below a session, which follows by itself. Destroying the session would send a goodbye
 * that names its last stream, and the runtime can die of an assertion in nghttp2 while it closes the
 * streams behind that (denoland/deno#36788).
 */
function endAbruptly(socket: net.Socket): void {
  socket.destroy();
}
