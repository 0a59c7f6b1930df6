import * as http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { Buffer } from "node:buffer";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { stringify } from "yaml";
import {
  createCa,
  hoursMs,
  issueClientLeaf,
  issueServerLeaf,
  type PemPair,
  sans,
  tlsKey,
} from "$lib/pki/mod.ts";

/** The PKI of a test cluster: its CA and a client of it. */
export interface TestPki {
  readonly ca: PemPair;
  readonly client: PemPair;
}

/** A fresh CA and a client certificate signed by it. */
export async function testPki(now = new Date()): Promise<TestPki> {
  const ca = await createCa({ kind: "ed25519", subject: { organization: ["talos"] }, now });
  return { ca, client: await issueClientLeaf({ ca, now, lifetimeMs: hoursMs(1) }) };
}

/** A server that speaks gRPC over mutual TLS as apid does, on a loopback port of its own. */
export class TestNode implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  private constructor(readonly server: http2.Http2SecureServer, readonly endpoint: string) {
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** Starts a node that answers by `routes`. */
  static async start(
    pki: TestPki,
    routes: (router: ConnectRouter) => void,
    host = "127.0.0.1",
  ): Promise<TestNode> {
    const now = new Date();
    const leaf = await issueServerLeaf({
      ca: pki.ca,
      sans: sans([host]),
      now,
      lifetimeMs: hoursMs(1),
    });
    const server = http2.createSecureServer({
      cert: leaf.crt,
      key: tlsKey(leaf.key),
      ca: pki.ca.crt,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.3",
    }, connectNodeAdapter({ routes, grpc: true, grpcWeb: false, connect: false }));
    server.on("sessionError", () => {});
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return new TestNode(server, `${host}:${(server.address() as AddressInfo).port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Destroying sessions instead can end the process in nghttp2 (denoland/deno#36788).
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** A talosconfig file's text with one context named `test`. */
export function testTalosconfig(
  pki: TestPki,
  target: { readonly endpoints: readonly string[]; readonly nodes?: readonly string[] },
): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return stringify({
    context: "test",
    contexts: {
      test: {
        endpoints: target.endpoints,
        nodes: target.nodes ?? [],
        ca: base64(pki.ca.crt),
        crt: base64(pki.client.crt),
        key: base64(pki.client.key),
      },
    },
  });
}

/** The nodes a request is addressed to, as its metadata says. */
export function addressed(headers: Headers): string[] {
  return (headers.get("nodes") ?? "").split(",").map((node) => node.trim()).filter((n) => n !== "");
}
