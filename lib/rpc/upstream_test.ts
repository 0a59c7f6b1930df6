import assert from "node:assert/strict";
import * as http2 from "node:http2";
import * as net from "node:net";
import { dialUnix } from "./dial.ts";
import { temporaryFolder, until } from "./testing.ts";
import { Upstream } from "./upstream.ts";

const REQUEST = { ":method": "POST", ":scheme": "http", ":path": "/" };

interface Backend {
  readonly sessions: Set<http2.ServerHttp2Session>;
  accepted(): number;
  close(): Promise<void>;
}

async function backend(path: string): Promise<Backend> {
  let accepted = 0;
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on("session", (session) => {
    accepted++;
    sessions.add(session);
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200 }, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    sessions,
    accepted: () => accepted,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

async function call(upstream: Upstream): Promise<void> {
  const stream = upstream.request(await upstream.connect(), REQUEST);
  stream.resume();
  stream.end();
  await new Promise<void>((resolve) => stream.once("close", resolve));
}

Deno.test("Upstream shares one session among calls and dials it once", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/b.sock`;
  const server = await backend(path);
  const upstream = new Upstream("b", dialUnix(path));
  await Promise.all(Array.from({ length: 20 }, () => call(upstream)));
  await call(upstream);
  assert.equal(server.accepted(), 1);
  assert.equal(upstream.calls, 0);
  upstream.close();
  await server.close();
});

Deno.test("Upstream dials anew after its peer went away, and fails meanwhile", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/b.sock`;
  const upstream = new Upstream("b", dialUnix(path));
  await assert.rejects(upstream.connect(), /ENOENT/);
  const first = await backend(path);
  await call(upstream);
  await first.close();
  await until("forgotten", () => upstream.session === undefined);
  await assert.rejects(upstream.connect());
  const second = await backend(path);
  await call(upstream);
  assert.equal(second.accepted(), 1);
  upstream.close();
  await second.close();
});

Deno.test("Upstream closes a session that is idle, and not one with calls", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/b.sock`;
  const server = await backend(path);
  const upstream = new Upstream("b", dialUnix(path), { idleMs: 50 });
  await call(upstream);
  await until("idle", () => upstream.session === undefined && server.sessions.size === 0);
  await call(upstream);
  assert.equal(server.accepted(), 2);
  upstream.close();
  await server.close();
});

Deno.test("Upstream finds a peer that went silent by a ping and ends its calls", async () => {
  // Takes connections and never answers.
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.resume();
  });
  await using folder = await temporaryFolder();
  const path = `${folder.path}/b.sock`;
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const upstream = new Upstream("b", dialUnix(path), { pingAfterMs: 50, pongMs: 100 });
  const began = performance.now();
  await call(upstream);
  assert.ok(performance.now() - began < 3_000);
  assert.equal(upstream.session, undefined);
  upstream.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("Upstream lets go of its session on retire() while open calls go on", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/b.sock`;
  const server = http2.createServer();
  const held: http2.ServerHttp2Stream[] = [];
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200 });
    held.push(stream);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const upstream = new Upstream("b", dialUnix(path));
  const stream = upstream.request(await upstream.connect(), REQUEST);
  await new Promise((resolve) => stream.once("response", resolve));
  upstream.retire();
  assert.equal(upstream.session, undefined);
  let got = "";
  stream.on("data", (chunk: Uint8Array) => got += new TextDecoder().decode(chunk));
  held[0]?.end("still here");
  await new Promise<void>((resolve) => stream.once("close", resolve));
  assert.equal(got, "still here");
  upstream.close();
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("dialUnix() gives up on what is not there", async () => {
  await assert.rejects(dialUnix("/no/such/socket")(1_000), /ENOENT/);
});
