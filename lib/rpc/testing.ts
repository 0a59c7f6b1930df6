/**
 * What tests of gRPC servers need: temporary sockets, certificates of every kind, and a client that
 * sends raw bytes and reports all that came back.
 *
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as http2 from "node:http2";
import {
  createCa,
  hoursMs,
  issueClientLeaf,
  issueLeaf,
  issueServerLeaf,
  type PemPair,
  sans,
  tlsKey,
  type Usage,
} from "$lib/pki/mod.ts";
import { dialTls, dialUnix, type Identity } from "./dial.ts";
import { FrameSplitter } from "./frames.ts";
import { readStatus, type Status } from "./status.ts";
import type { Dial } from "./upstream.ts";

/** A temporary folder that is removed at the end of its scope. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "rpc-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A CA with identities under it. */
export class TestPki {
  private constructor(readonly ca: PemPair) {}

  /** A new CA. */
  static async create(): Promise<TestPki> {
    const subject = { organization: ["talos"] };
    // Old enough to have signed certificates that have expired.
    const now = new Date(Date.now() - hoursMs(7 * 24));
    return new TestPki(await createCa({ kind: "ed25519", subject, now }));
  }

  /** A server of the loopback addresses that may act as client too, as apid's own. */
  async server(): Promise<Identity> {
    const names = sans(["127.0.0.1", "127.0.0.2", "127.0.0.3", "localhost"]);
    return this.#identity(
      await issueServerLeaf({ ca: this.ca, sans: names, now: new Date(), lifetimeMs: hoursMs(24) }),
    );
  }

  /** A client valid from `fromMs` to `toMs` after now; a day when absent. */
  async client(fromMs = 0, toMs = hoursMs(24)): Promise<Identity> {
    const now = new Date(Date.now() + fromMs);
    const lifetimeMs = toMs - fromMs;
    return this.#identity(await issueClientLeaf({ ca: this.ca, now, lifetimeMs }));
  }

  /** A leaf with these usages only. */
  async leaf(usages: readonly Usage[]): Promise<Identity> {
    const now = new Date();
    return this.#identity(
      await issueLeaf({ ca: this.ca, kind: "ecdsa-p256", usages, now, lifetimeMs: hoursMs(1) }),
    );
  }

  #identity({ crt, key }: PemPair): Identity {
    return { ca: this.ca.crt, cert: crt, key: tlsKey(key) };
  }
}

/** All that came back from a call. */
export interface Answer {
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers: http2.IncomingHttpHeaders;
  readonly messages: Uint8Array[];
  readonly status: Status | undefined;
  readonly rstCode: number;
}

/** A client that sends bytes as they are. */
export class RawClient implements AsyncDisposable {
  private constructor(readonly session: http2.ClientHttp2Session) {}

  /** Connects to a unix socket, or as `identity` to a TCP address. */
  static async connect(
    to: string | { host: string; port: number; identity: Partial<Identity> },
  ): Promise<RawClient> {
    const dial: Dial = typeof to === "string"
      ? dialUnix(to)
      : dialTls({ ...to, identity: () => to.identity });
    const socket = await dial(5_000);
    const session = http2.connect("http://localhost", { createConnection: () => socket });
    session.on("error", () => {});
    return new RawClient(session);
  }

  /** Opens a stream; nothing of its body is sent yet. */
  open(path: string, headers: http2.OutgoingHttpHeaders = {}): http2.ClientHttp2Stream {
    const stream = this.session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    stream.on("error", () => {});
    return stream;
  }

  /** Sends `body` and waits for the end. */
  call(
    path: string,
    body: Uint8Array,
    headers: http2.OutgoingHttpHeaders = {},
  ): Promise<Answer> {
    const stream = this.open(path, headers);
    const answer = answerOf(stream);
    stream.end(body);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.session.destroyed) return;
    const closed = new Promise<void>((resolve) => this.session.once("close", () => resolve()));
    this.session.destroy();
    await closed;
  }
}

/** Collects what comes on `stream` until it closes. */
export function answerOf(stream: http2.ClientHttp2Stream): Promise<Answer> {
  const splitter = new FrameSplitter(1 << 30);
  const messages: Uint8Array[] = [];
  let headers: http2.IncomingHttpHeaders = {};
  let trailers: http2.IncomingHttpHeaders = {};
  stream.once("response", (got) => headers = got);
  stream.once("trailers", (got) => trailers = got);
  stream.on("data", (chunk: Uint8Array) => {
    const frames = splitter.push(chunk);
    if (Array.isArray(frames)) { for (const { message } of frames) messages.push(message); }
  });
  return new Promise((resolve) => {
    stream.once("close", () => {
      const status = readStatus(trailers) ?? readStatus(headers);
      resolve({ headers, trailers, messages, status, rstCode: stream.rstCode ?? 0 });
    });
  });
}

/** Waits until `condition` holds. @throws {Error} when it does not within `ms`. */
export async function until(what: string, condition: () => boolean, ms = 15_000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Cannot go on: not ${what} within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
