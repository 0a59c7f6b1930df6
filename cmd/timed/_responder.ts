import { createSocket, type Socket } from "node:dgram";
import { unixNsToNtp } from "$lib/codec/mod.ts";

/** How a test's time server answers. */
export interface ResponderOptions {
  /** How far its clock is ahead of this machine's. */
  readonly aheadMs?: number;
  /** Changes an answer before it is sent; nothing is sent when it gives nothing. */
  readonly spoil?: (answer: Uint8Array) => Uint8Array | undefined;
  /** Where it listens: any port of 127.0.0.1 when absent. */
  readonly hostname?: string;
  readonly port?: number;
}

/** A time server on loopback for tests; counts the requests it got. */
export class Responder implements AsyncDisposable {
  requests = 0;
  private constructor(readonly socket: Socket, readonly port: number) {}

  static async start(options: ResponderOptions = {}): Promise<Responder> {
    const { aheadMs = 0, spoil = (answer) => answer, hostname = "127.0.0.1", port = 0 } = options;
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(port, hostname, resolve));
    const responder = new Responder(socket, socket.address().port);
    const nowNtp = () =>
      unixNsToNtp(
        BigInt(Math.round((performance.timeOrigin + performance.now() + aheadMs) * 1e3)) * 1_000n,
      );
    socket.on("message", (request, from) => {
      responder.requests++;
      const answer = new Uint8Array(48);
      const view = new DataView(answer.buffer);
      answer.set([0x24, 2, 6, 0xe9]);
      answer.set(request.subarray(40, 48), 24);
      view.setBigUint64(32, nowNtp());
      view.setBigUint64(40, nowNtp());
      const bytes = spoil(answer);
      if (bytes) socket.send(bytes, from.port, from.address);
    });
    return responder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }
}
