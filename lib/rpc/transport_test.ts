import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import * as net from "node:net";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { CallRegistry } from "./calls.ts";
import { DEADLINES } from "./deadline.ts";
import { dispatch } from "./dispatch.ts";
import { MESSAGE_LIMIT_BYTES } from "./frames.ts";
import { serveStreams } from "./server.ts";
import { ServedMethods } from "./services.ts";
import { temporaryFolder, TestPki } from "./testing.ts";
import { type TlsOptions, tlsTransport, unixTransport } from "./transport.ts";

const pki = await TestPki.create();
const server = await pki.server();
const client = await pki.client();

function pinOf(cert: string): string {
  const spki = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("base64");
}

async function overTls(
  options: (port: number) => TlsOptions,
  test: (tag: () => Promise<string | undefined>) => Promise<void>,
): Promise<void> {
  const registry = new CallRegistry();
  const running = await serveStreams({
    listen: { host: "127.0.0.1", port: 0 },
    tls: { identity: server, vet: () => undefined },
    onStream: dispatch({
      methods: new ServedMethods((router) =>
        router.service(MachineService, {
          version: () => ({ messages: [{ version: { tag: "v1" } }] }),
        })
      ),
      registry,
      deadlines: DEADLINES,
      messageBytes: MESSAGE_LIMIT_BYTES,
      onError: () => {},
    }),
  });
  try {
    const transport = tlsTransport(options(running.port));
    const machine = createClient(MachineService, transport);
    await test(async () => (await machine.version({})).messages[0]?.version?.tag);
    transport.close();
  } finally {
    registry.close();
    await running.close();
  }
}

Deno.test("tlsTransport() calls a server of its CA", async () => {
  await overTls(
    (port) => ({ host: "127.0.0.1", port, ...client, timeoutMs: 3_000 }),
    async (tag) => assert.equal(await tag(), "v1"),
  );
});

Deno.test("tlsTransport() trusts a pinned key and no other, whoever signed it", async () => {
  const { cert, key } = client;
  const options = (pin: string) => (port: number): TlsOptions => {
    return { host: "127.0.0.1", port, cert, key, pin, timeoutMs: 3_000 };
  };
  await overTls(options(pinOf(server.cert)), async (tag) => assert.equal(await tag(), "v1"));
  await overTls(options(pinOf(client.cert)), async (tag) => {
    await assert.rejects(
      tag(),
      (error) => error instanceof ConnectError && /fingerprint/.test(error.message),
    );
  });
});

Deno.test("tlsTransport() refuses a server of another CA", async () => {
  const other = await TestPki.create();
  await overTls(
    (port) => ({ host: "127.0.0.1", port, ...client, ca: other.ca.crt, timeoutMs: 3_000 }),
    async (tag) => {
      await assert.rejects(tag(), (error) => error instanceof ConnectError);
    },
  );
});

Deno.test("unixTransport() ends a call that gets no answer at its default deadline", async () => {
  const silent = net.createServer((socket) => void socket.on("error", () => {}).resume());
  await using folder = await temporaryFolder();
  const path = `${folder.path}/silent.sock`;
  await new Promise<void>((resolve) => silent.listen(path, resolve));
  const transport = unixTransport(path, { timeoutMs: 100 });
  const machine = createClient(MachineService, transport);
  const began = performance.now();
  await assert.rejects(
    machine.version({}),
    (error) => error instanceof ConnectError && error.code === Code.DeadlineExceeded,
  );
  assert.ok(performance.now() - began < 10_000);
  transport.close();
  await new Promise<void>((resolve) => silent.close(() => resolve()));
});

Deno.test("unixTransport() says Unavailable when nothing listens", async () => {
  const machine = createClient(
    MachineService,
    unixTransport("/no/such.sock", { timeoutMs: 2_000 }),
  );
  await assert.rejects(
    machine.version({}),
    (error) => error instanceof ConnectError && error.code === Code.Unavailable,
  );
});
