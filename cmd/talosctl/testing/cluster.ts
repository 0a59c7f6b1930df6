import { Buffer } from "node:buffer";
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
import {
  CallRegistry,
  DEADLINES,
  dispatch,
  type GrpcServer,
  MESSAGE_LIMIT_BYTES,
  type Routes,
  ServedMethods,
  serveStreams,
} from "$lib/rpc/mod.ts";

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
  readonly #registry: CallRegistry;

  private constructor(
    readonly server: GrpcServer,
    readonly endpoint: string,
    registry: CallRegistry,
  ) {
    this.#registry = registry;
  }

  /** Starts a node that answers by `routes`; unless told, on any port that is free. */
  static async start(
    pki: TestPki,
    routes: Routes,
    host = "127.0.0.1",
    port = 0,
  ): Promise<TestNode> {
    const now = new Date();
    const leaf = await issueServerLeaf({
      ca: pki.ca,
      sans: sans([host]),
      now,
      lifetimeMs: hoursMs(1),
    });
    const registry = new CallRegistry();
    const server = await serveStreams({
      listen: { host, port },
      tls: {
        identity: { ca: pki.ca.crt, cert: leaf.crt, key: tlsKey(leaf.key) },
        vet: () => undefined,
      },
      onStream: dispatch({
        methods: new ServedMethods(routes),
        registry,
        deadlines: DEADLINES,
        messageBytes: MESSAGE_LIMIT_BYTES,
        onError: () => {},
      }),
    });
    return new TestNode(server, `${host}:${server.port}`, registry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#registry.close();
    await this.server.close();
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
