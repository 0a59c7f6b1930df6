import { setInterval } from "node:timers";
import type { Duplex } from "node:stream";
import { type HeaderFields, Http2Session, type Http2Stream } from "$lib/http2/mod.ts";

/** Opens the connection that one HTTP/2 session runs over; rejects when it cannot within `ms`. */
export type Dial = (ms: number) => Promise<Duplex>;

/** Bounds and times of the session to one target. */
export interface UpstreamOptions {
  /** How long dialing may take. */
  readonly dialMs?: number;
  /** A session without calls for this long is closed. */
  readonly idleMs?: number;
  /** A session that has been silent for this long is pinged before it is trusted again; 0 never. */
  readonly pingAfterMs?: number;
  /** An answer to a ping that takes longer ends the session. */
  readonly pongMs?: number;
}

const DEFAULTS: Required<UpstreamOptions> = {
  dialMs: 5_000,
  idleMs: 60_000,
  pingAfterMs: 0,
  pongMs: 4_000,
};

/**
 * One target that calls go to, over one HTTP/2 session that is dialed on first use, shared by all
 * calls, dialed anew after it broke, and closed when idle.
 */
export class Upstream {
  readonly #options: Required<UpstreamOptions>;
  #session: Http2Session | undefined;
  #dialing: Promise<Http2Session> | undefined;
  #calls = 0;
  #tick: ReturnType<typeof setInterval> | undefined;
  #usedAt = 0;
  #heardAt = 0;
  #pinging = false;
  #closed = false;

  constructor(readonly name: string, readonly dial: Dial, options: UpstreamOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Calls that are open now. */
  get calls(): number {
    return this.#calls;
  }

  /** The session when one is up; else undefined, and `connect` dials one. */
  get session(): Http2Session | undefined {
    const session = this.#session;
    return session?.closed === false ? session : undefined;
  }

  /** The session, dialed when there is none. Rejects when the target cannot be reached. */
  connect(): Promise<Http2Session> {
    const session = this.session;
    if (session) return Promise.resolve(session);
    this.#dialing ??= this.#open().finally(() => this.#dialing = undefined);
    return this.#dialing;
  }

  /** Opens a stream on `session` and counts it as a call until it closes. */
  request(
    session: Http2Session,
    headers: HeaderFields,
  ): Http2Stream {
    // Servers may insist on one, and a proxied call must not keep that of its first hop.
    headers[":authority"] ??= "localhost";
    const stream = session.request(headers);
    this.#calls++;
    stream.once("close", this.#callEnded);
    this.#probe(session);
    return stream;
  }

  /** Lets go of the session: open calls go on over it, the next call dials anew. */
  retire(): void {
    const session = this.#session;
    if (!session) return;
    this.#forget(session);
    session.close();
  }

  /** Ends the session; open calls end with it. A later `connect` is refused. */
  close(): void {
    this.#closed = true;
    this.#session?.destroy();
    if (this.#session) this.#forget(this.#session);
  }

  async #open(): Promise<Http2Session> {
    if (this.#closed) throw new Error(`Cannot dial ${this.name}: it is closed`);
    const session = new Http2Session("client", await this.dial(this.#options.dialMs));
    session.on("goaway", () => this.#forget(session));
    session.on("close", () => this.#forget(session));
    if (this.#closed) {
      session.destroy();
      throw new Error(`Cannot dial ${this.name}: it is closed`);
    }
    this.#session = session;
    this.#usedAt = this.#heardAt = performance.now();
    const { idleMs, pingAfterMs } = this.#options;
    clearInterval(this.#tick);
    this.#tick = setInterval(() => this.#watch(session), pingAfterMs || idleMs);
    // A program that has nothing else to do need not stay for the sake of an idle session.
    this.#tick.unref();
    return session;
  }

  #forget(session: Http2Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    clearInterval(this.#tick);
  }

  #callEnded = (): void => {
    this.#calls--;
    this.#usedAt = performance.now();
  };

  #watch(session: Http2Session): void {
    if (this.#calls > 0) this.#probe(session);
    else if (performance.now() - this.#usedAt >= this.#options.idleMs) {
      this.#forget(session);
      session.close();
    }
  }

  /** A peer that vanished without a word is found by the ping that goes along with a call. */
  #probe(session: Http2Session): void {
    const { pingAfterMs, pongMs } = this.#options;
    if (pingAfterMs === 0 || this.#pinging) return;
    if (performance.now() - this.#heardAt < pingAfterMs) return;
    this.#pinging = true;
    const lost = setTimeout(() => {
      this.#pinging = false;
      session.destroy();
    }, pongMs);
    session.ping((error) => {
      clearTimeout(lost);
      this.#pinging = false;
      if (!error) this.#heardAt = performance.now();
    });
  }
}
