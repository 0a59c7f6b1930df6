import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { stringify } from "yaml";
import { createCa, hoursMs, issueClientLeaf, issueServerLeaf, sans, tlsKey } from "$lib/pki/mod.ts";

/** One call of the Kubernetes API. */
export interface KubeCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** Answers a call with an object; undefined is 404. */
export type KubeHandler = (call: KubeCall) => Promise<object | undefined> | object | undefined;

/** A Kubernetes API over mutual TLS that answers by a function of the test. */
export class TestKube implements AsyncDisposable {
  private constructor(
    readonly server: Server,
    /** The file that a node would hand out for it. */
    readonly kubeconfig: string,
  ) {}

  /** Starts it on a loopback port. */
  static async start(handler: KubeHandler): Promise<TestKube> {
    const now = new Date();
    const subject = { organization: ["kubernetes"] };
    const ca = await createCa({ kind: "ecdsa-p256", subject, now });
    const lifetimeMs = hoursMs(1);
    const leaf = await issueServerLeaf({ ca, sans: sans(["127.0.0.1"]), now, lifetimeMs });
    const admin = await issueClientLeaf({ ca, now, lifetimeMs });
    const server = createServer({
      ...{ ca: ca.crt, cert: leaf.crt, key: tlsKey(leaf.key) },
      ...{ requestCert: true, rejectUnauthorized: true },
    }, (request, response) => void answer(handler, request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return new TestKube(
      server,
      stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{
          name: "test",
          cluster: {
            server: `https://127.0.0.1:${port}`,
            "certificate-authority-data": btoa(ca.crt),
          },
        }],
        users: [{
          name: "admin@test",
          user: {
            "client-certificate-data": btoa(admin.crt),
            "client-key-data": btoa(tlsKey(admin.key)),
          },
        }],
        contexts: [{ name: "admin@test", context: { cluster: "test", user: "admin@test" } }],
        "current-context": "admin@test",
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function answer(
  handler: KubeHandler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { pathname, searchParams } = new URL(request.url ?? "/", "https://kube");
  const call = { method: request.method ?? "", path: pathname, query: searchParams, body };
  const found = await handler(call);
  const status = { kind: "Status", code: 404, reason: "NotFound", message: `no ${pathname}` };
  response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(found ?? status));
}
