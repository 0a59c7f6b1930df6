import assert from "node:assert/strict";
import * as http2 from "node:http2";
import { createConnection } from "node:net";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import {
  Health,
  HealthCheck_ServingStatus,
  ReadyCheck_ReadyStatus,
} from "$proto/health/health_pb.ts";
import { healthApi, HealthState, jsonLines, serveConnect } from "./mod.ts";

async function withServer(
  state: HealthState,
  run: (socket: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const socket = `${dir}/health.sock`;
  const server = await serveConnect(socket, (router) => router.service(Health, healthApi(state)));
  try {
    await run(socket);
  } finally {
    await server.close();
    await Deno.remove(dir, { recursive: true });
  }
}

/** Calls over one session, which is ended with its scope. */
function connect(socket: string): Disposable & { health: Client<typeof Health> } {
  const sessionManager = new Http2SessionManager("http://health", {}, {
    createConnection: () => createConnection(socket),
  });
  const transport = createGrpcTransport({
    baseUrl: "http://health",
    sessionManager,
    defaultTimeoutMs: 5_000,
  });
  return {
    health: createClient(Health, transport),
    [Symbol.dispose]: () => sessionManager.abort(),
  };
}

Deno.test("healthApi() answers what the state says at the moment of the call", async () => {
  const state = new HealthState();
  await withServer(state, async (socket) => {
    using connection = connect(socket);
    const { health } = connection;
    assert.equal((await health.ready({})).messages[0]?.status, ReadyCheck_ReadyStatus.NOT_READY);
    state.ready = true;
    assert.equal((await health.ready({})).messages[0]?.status, ReadyCheck_ReadyStatus.READY);
    state.serving = false;
    const { status } = (await health.check({})).messages[0] ?? {};
    assert.equal(status, HealthCheck_ServingStatus.NOT_SERVING);
  });
});

Deno.test("healthApi() watches at once and then every interval", async () => {
  const state = new HealthState();
  await withServer(state, async (socket) => {
    const seen: (number | undefined)[] = [];
    using connection = connect(socket);
    for await (const { messages } of connection.health.watch({ intervalSeconds: 1n })) {
      seen.push(messages[0]?.status);
      state.serving = false;
      if (seen.length === 2) break;
    }
    assert.deepEqual(seen, [
      HealthCheck_ServingStatus.SERVING,
      HealthCheck_ServingStatus.NOT_SERVING,
    ]);
  });
});

Deno.test("serveConnect() answers an unknown method with gRPC status 12", async () => {
  await withServer(new HealthState(), async (socket) => {
    const session = http2.connect("http://health", {
      createConnection: () => createConnection(socket),
    });
    const stream = session.request({
      ":method": "POST",
      ":path": "/no.Such/Method",
      "content-type": "application/grpc",
    });
    const headers = await new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
      stream.on("response", resolve);
      stream.on("error", reject);
    });
    assert.equal(headers[":status"], 200);
    assert.equal(headers["grpc-status"], "12");
    stream.close();
    await new Promise<void>((resolve) => session.close(() => resolve()));
  });
});

Deno.test("serveConnect() ends open calls when it closes, and removes the socket", async () => {
  const dir = await Deno.makeTempDir();
  const socket = `${dir}/health.sock`;
  const routes = healthApi(new HealthState());
  const server = await serveConnect(socket, (router) => router.service(Health, routes));
  using connection = connect(socket);
  const watch = connection.health.watch({ intervalSeconds: 1n })[Symbol.asyncIterator]();
  await watch.next();
  await server.close();
  await assert.rejects(async () => {
    while (!(await watch.next()).done) { /* until the end of the stream shows */ }
  });
  await assert.rejects(Deno.stat(socket), Deno.errors.NotFound);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("jsonLines() skips what is no settings, without quoting it, and goes on", async () => {
  const text = ['{"a":1}\n{"a', '":2}\n\n{"a":"secr', 'et"}x\n{"b":1}\n{"a":3}'];
  const stream = ReadableStream.from(text.map((part) => new TextEncoder().encode(part)));
  const faults: string[] = [];
  const read = (value: unknown) => {
    if (!(value instanceof Object) || !("a" in value)) throw new TypeError("Cannot read a");
    return value.a;
  };
  const values: unknown[] = [];
  for await (const value of jsonLines(stream, read, (fault) => faults.push(fault))) {
    values.push(value);
  }
  assert.deepEqual(values, [1, 2, 3]);
  assert.deepEqual(faults, ["Cannot read settings: no JSON", "TypeError: Cannot read a"]);
});
