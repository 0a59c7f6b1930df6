import * as http2 from "node:http2";
import * as net from "node:net";
import * as tls from "node:tls";
import { Buffer } from "node:buffer";
import type { BadCall } from "./garble_calls.ts";
import type { BadConnection } from "./garble_connections.ts";

/** Where the garbled calls go, and as whom; PEM texts, with a key label that OpenSSL reads. */
export interface GarbleTarget {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

/** Time for TCP and TLS together. */
const CONNECT_MS = 10_000;

/** How a call or a connection ended. */
export interface Ending {
  /** `grpc 3`, `http 415`, `reset 8`, `closed`, `timeout`, `no connection`. */
  readonly how: string;
  /** Text of the gRPC status. */
  readonly message: string;
  /** Messages came before the end. */
  readonly data: boolean;
}

/** A client that sends what a proper one never would; connects anew whenever it was thrown out. */
export class GarbleClient {
  #session: http2.ClientHttp2Session | undefined;
  constructor(readonly target: GarbleTarget, readonly deadlineMs: number) {}

  /** Makes one call and waits for its end, or leaves at the deadline. */
  async call({ headers, body, reset }: Omit<BadCall, "kind">): Promise<Ending> {
    let session: http2.ClientHttp2Session;
    try {
      session = await this.#connected();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { how: "no connection", message, data: false };
    }
    return await new Promise((resolve) => {
      const stream = session.request(headers);
      let status: http2.IncomingHttpHeaders = {};
      let data = false;
      const done = (how: string): void => {
        clearTimeout(timer);
        resolve({ how, message: messageOf(status), data });
      };
      // Not on "close" alone: the runtime's client does not always emit it.
      const timer = setTimeout(() => {
        stream.close(http2.constants.NGHTTP2_CANCEL);
        const how = ending(status, 0);
        done(how === "closed" ? "timeout" : how);
        this.close();
      }, this.deadlineMs);
      stream.on("response", (head) => status = { ...head });
      stream.on("trailers", (trailers) => status = { ...status, ...trailers });
      stream.on("data", () => data = true);
      stream.on("error", () => {});
      stream.once("close", () => done(ending(status, stream.rstCode)));
      // A refusal may come while the body is still on its way: nobody takes the rest of it.
      stream.once("end", () => {
        if (ending(status, 0) !== "closed") stream.close(http2.constants.NGHTTP2_CANCEL);
      });
      // The server may answer, and stop listening, before all is sent.
      if (reset) stream.write(body, () => stream.close(http2.constants.NGHTTP2_CANCEL));
      else stream.end(body);
    });
  }

  /** Sends the bytes on a connection of its own; waits for the server to close it, or closes it. */
  async connection({ tls: secure, bytes }: BadConnection): Promise<Ending> {
    const socket = secure ? this.#connect() : net.connect(this.target.port, this.target.host);
    return await new Promise((resolve) => {
      const done = (how: string): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve({ how, message: "", data: false });
      };
      // A server may wait for more; how long is not this client's affair.
      const timer = setTimeout(() => done("left"), Math.min(250, this.deadlineMs));
      socket.on("error", () => done("closed"));
      socket.on("close", () => done("closed"));
      socket.on("data", () => {});
      socket.once(secure ? "secureConnect" : "connect", () => socket.write(Buffer.from(bytes)));
    });
  }

  /** Ends the connection. */
  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #connect(): tls.TLSSocket {
    const { host, port, ca, crt, key } = this.target;
    return tls.connect({ host, port, ca, cert: crt, key, ALPNProtocols: ["h2"] });
  }

  /** The session to call on, made anew when the server ended the last one. */
  async #connected(): Promise<http2.ClientHttp2Session> {
    const open = this.#session;
    if (open && !open.closed && !open.destroyed) return open;
    const { host, port } = this.target;
    const socket = this.#connect();
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new Error(`Cannot connect to ${host}:${port}: ${why}`));
      };
      const timer = setTimeout(() => fail(`no answer in ${CONNECT_MS} ms`), CONNECT_MS);
      socket.once("error", (error) => fail(error.message));
      socket.once("secureConnect", () => {
        clearTimeout(timer);
        resolve();
      });
    });
    const session = http2.connect(`https://${host}:${port}`, { createConnection: () => socket });
    session.on("error", () => {});
    session.once("goaway", () => session.close());
    this.#session = session;
    return session;
  }
}

function ending(status: http2.IncomingHttpHeaders, reset: number | undefined): string {
  const grpc = status["grpc-status"];
  if (grpc !== undefined) return `grpc ${String(grpc)}`;
  const http = Number(status[":status"] ?? 200);
  if (http !== 200) return `http ${http}`;
  return reset ? `reset ${reset}` : "closed";
}

function messageOf(status: http2.IncomingHttpHeaders): string {
  const message = String(status["grpc-message"] ?? "");
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
