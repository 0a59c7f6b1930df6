import type * as net from "node:net";
import type * as tls from "node:tls";
import { type HeaderFields, Http2Session, type Http2Stream } from "$lib/http2/mod.ts";

/** A stream handler: called for each request, before any of its body was read. */
export type OnStream = (stream: Http2Stream, headers: HeaderFields) => void;

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
  /** Calls that a connection may begin and then reset in a row; 50 are forgiven a second. */
  readonly maxResets: number;
}

/**
 * Connections after whose end garbage is collected (where V8 was started with --expose-gc). The
 * runtime's TLS holds some 18 KB of each connection outside of V8's heap, which V8 does not count:
 * left to itself it lets 20,000 connections that were cut off hold 300 MB.
 */
const COLLECT_EACH = 250;

/** Resets that are forgiven a second. */
const RESETS_PER_SECOND = 50;

/** What a server of a node allows when nothing else is said. */
export const SERVER_LIMITS: ServerLimits = {
  maxConnections: 2_048,
  handshakeMs: 10_000,
  firstCallMs: 20_000,
  idleMs: 600_000,
  maxStreams: 256,
  maxResets: 1_000,
};

/**
 * What differs between components of a node: one connection carries the calls, and the cancels, of many
 * clients, each of which was bounded where it came in.
 */
export const INTERNAL_LIMITS = { maxStreams: 4_096, maxResets: Infinity } as const;

/** What is known of one connection. */
interface Connection {
  readonly socket: net.Socket;
  readonly peer: string;
  readonly since: number;
  session: Http2Session | undefined;
  calledAt: number | undefined;
  refused: boolean;
}

/** Keeps the connections of one server within its limits and names the peers it turns away. */
export class ConnectionGuard {
  readonly limits: ServerLimits;
  readonly #open = new Map<net.Socket, Connection>();
  /** Also of sockets that closed already: a refused one often has when the refusal is told. */
  readonly #bySocket = new WeakMap<net.Socket, Connection>();
  readonly #sweep: ReturnType<typeof setInterval>;
  #ended = 0;

  constructor(
    limits: Partial<ServerLimits>,
    readonly onStream: OnStream,
    readonly onRefused: (peer: string, reason: string) => void,
  ) {
    this.limits = { ...SERVER_LIMITS, ...limits };
    const shortest = Math.min(this.limits.firstCallMs, this.limits.idleMs);
    this.#sweep = setInterval(() => this.#dropIdle(), Math.max(50, Math.min(5_000, shortest / 2)));
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
      refused: false,
    };
    this.#open.set(socket, connection);
    this.#bySocket.set(socket, connection);
    socket.once("close", () => this.#forget(socket));
    socket.on("error", () => {});
    socket.setKeepAlive?.(true, 30_000);
    socket.setNoDelay?.(true);
    if (this.#open.size > this.limits.maxConnections) this.#makeRoom();
  }

  #forget(socket: net.Socket): void {
    this.#open.delete(socket);
    if (++this.#ended % COLLECT_EACH === 0) (globalThis as { gc?: () => void }).gc?.();
  }

  /** Begins HTTP/2 on a connection that was taken in: on its TLS socket, where it has one. */
  serve(socket: net.Socket | tls.TLSSocket): void {
    const connection = this.#connectionOf(socket);
    if (!connection || connection.refused) return void socket.destroy();
    const { maxStreams, maxResets } = this.limits;
    const session = new Http2Session("server", socket, {
      maxStreams,
      resets: { burst: maxResets, perSecond: RESETS_PER_SECOND },
    });
    connection.session = session;
    session.on("stream", (stream, headers) => {
      connection.calledAt = performance.now();
      stream.once("close", () => connection.calledAt = performance.now());
      this.onStream(stream, headers);
    });
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
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  #drop(connection: Connection, reason: string): void {
    if (connection.refused) return;
    connection.refused = true;
    this.onRefused(connection.peer, reason);
    connection.socket.destroy();
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
    const { firstCallMs, idleMs } = this.limits;
    for (const connection of this.#open.values()) {
      const { session, calledAt, since } = connection;
      // Headers that never end are no call either.
      const waitsSince = calledAt === undefined ? since : session?.blockSince ?? now;
      if (now - waitsSince > firstCallMs) {
        this.#drop(connection, `no call within ${firstCallMs} ms`);
      } else if (calledAt !== undefined && now - calledAt > idleMs && session?.size === 0) {
        session.close();
      }
    }
  }

  #connectionOf(socket: net.Socket | tls.TLSSocket | undefined): Connection | undefined {
    const raw = (socket as { _parent?: net.Socket } | undefined)?._parent;
    return (raw && this.#bySocket.get(raw)) ?? (socket && this.#bySocket.get(socket));
  }
}
