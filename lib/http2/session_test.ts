import assert from "node:assert/strict";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import * as net from "node:net";
import { bodyOf, drained, StreamReset } from "./body.ts";
import { Http2Session, type SessionLimits } from "./session.ts";
import type { Http2Stream } from "./stream.ts";
import { ERROR_CODE, PREFACE } from "./wire.ts";

const REQUEST = { ":method": "POST", ":scheme": "http", ":path": "/a.B/C", ":authority": "x" };
const LARGE = crypto.getRandomValues(new Uint8Array(65_536));
const LARGE_TIMES = 64;

type OnStream = (stream: Http2Stream) => void;

/** A server of ours on loopback, and how many sessions it has. */
async function ourServer(onStream: OnStream, limits: Partial<SessionLimits> = {}) {
  const sessions = new Set<Http2Session>();
  const server = net.createServer((socket) => {
    const session = new Http2Session("server", socket, limits);
    sessions.add(session);
    session.on("stream", onStream);
    session.on("close", () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A server of the runtime's. */
async function theirServer(onStream: (stream: http2.ServerHttp2Stream) => void) {
  const server = http2.createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    onStream(stream);
  });
  server.on("sessionError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function ourClient(port: number): Http2Session {
  return new Http2Session("client", net.connect(port, "127.0.0.1"));
}

async function sizeOf(stream: Http2Stream): Promise<number> {
  let size = 0;
  for await (const chunk of bodyOf(stream)) size += chunk.length;
  return size;
}

async function sendLarge(stream: Http2Stream): Promise<void> {
  for (let i = 0; i < LARGE_TIMES; i++) if (!stream.write(LARGE)) await drained(stream);
}

function closed(stream: Http2Stream): Promise<void> {
  return new Promise((resolve) => stream.once("close", () => resolve()));
}

Deno.test("Http2Session serves the runtime's client: large bodies both ways, then trailers", async () => {
  await using server = await ourServer(async (stream) => {
    stream.respond({ ":status": "200" });
    const size = await sizeOf(stream);
    await sendLarge(stream);
    stream.end({ "x-size": String(size) });
  });
  const client = http2.connect(`http://127.0.0.1:${server.port}`);
  const stream = client.request(REQUEST);
  for (let i = 0; i < LARGE_TIMES; i++) stream.write(LARGE);
  stream.end();
  let trailers: http2.IncomingHttpHeaders = {};
  stream.on("trailers", (got) => trailers = got);
  let size = 0;
  for await (const chunk of stream) size += chunk.length;
  assert.equal(size, LARGE.length * LARGE_TIMES);
  assert.equal(trailers["x-size"], String(LARGE.length * LARGE_TIMES));
  await new Promise<void>((resolve) => client.close(resolve));
});

Deno.test("Http2Session asks the runtime's server: large bodies both ways, then trailers", async () => {
  await using server = await theirServer(async (stream) => {
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    let size = 0;
    for await (const chunk of stream) size += chunk.length;
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-size": String(size) }));
    for (let i = 0; i < LARGE_TIMES; i++) stream.write(LARGE);
    stream.end();
  });
  const client = ourClient(server.port);
  const stream = client.request(REQUEST);
  const trailers = new Promise((resolve) => stream.once("trailers", resolve));
  void sendLarge(stream).then(() => stream.end());
  assert.equal(await sizeOf(stream), LARGE.length * LARGE_TIMES);
  assert.deepEqual({ ...await trailers as object }, {
    "x-size": String(LARGE.length * LARGE_TIMES),
  });
  client.close();
});

Deno.test("Http2Session reads every printable character as the runtime's client codes it", async () => {
  const seen: string[] = [];
  await using server = await ourServer((stream) => {
    stream.respond({ ":status": "200" }, { ended: true });
  });
  const client = http2.connect(`http://127.0.0.1:${server.port}`);
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  for (const session of server.sessions) {
    session.on("stream", (_stream, fields) => void seen.push(fields["x-text"] ?? ""));
  }
  // A rare character is coded too where many short codes make up for its long one.
  const texts = Array.from({ length: 94 }, (_, i) => "a".repeat(40) + String.fromCharCode(33 + i));
  for (const text of texts) {
    const stream = client.request({ ...REQUEST, "x-text": text });
    stream.resume();
    stream.end();
    await new Promise((resolve) => stream.once("close", resolve));
  }
  assert.deepEqual(seen, texts);
  await new Promise<void>((resolve) => client.close(resolve));
});

Deno.test("Http2Session carries a thousand calls at once, and its dynamic table does not mix them", async () => {
  await using server = await ourServer(async (stream) => {
    const size = await sizeOf(stream);
    stream.respond({ ":status": "200", "x-size": String(size) }, { ended: true });
  }, { maxStreams: 50 });
  const client = ourClient(server.port);
  const sizes = await Promise.all(Array.from({ length: 1_000 }, async (_, i) => {
    const stream = client.request({ ...REQUEST, "x-number": String(i % 90) });
    const answer = new Promise<string | undefined>((resolve) => {
      stream.once("response", (fields) => resolve(fields["x-size"]));
    });
    stream.write(LARGE.subarray(0, i));
    stream.end();
    stream.resume();
    return await answer;
  }));
  assert.deepEqual(sizes, sizes.map((_, i) => String(i)));
  assert.equal(client.size, 0);
  client.close();
});

Deno.test("Http2Session holds back a sender whose bytes nobody reads, and others go on", async () => {
  const held: Http2Stream[] = [];
  await using server = await ourServer((stream) => {
    stream.respond({ ":status": "200" });
    if (held.length === 0) return void held.push(stream);
    stream.resume();
    stream.end({ "x-done": "yes" });
  });
  const client = ourClient(server.port);
  const stuck = client.request(REQUEST);
  assert.equal(stuck.write(new Uint8Array(1 << 20)), false);
  await new Promise((resolve) => stuck.once("response", resolve));
  for (let i = 0; i < 20; i++) {
    const other = client.request(REQUEST);
    other.resume();
    other.end();
    await closed(other);
    assert.equal(other.errorCode, undefined);
  }
  const reading = sizeOf(held[0] as Http2Stream);
  stuck.end();
  assert.equal(await reading, 1 << 20);
  client.destroy();
});

Deno.test("Http2Session tells a reset to the other side, with its code", async () => {
  await using server = await ourServer((stream) => stream.reset(ERROR_CODE.REFUSED_STREAM));
  const client = ourClient(server.port);
  const stream = client.request(REQUEST);
  await assert.rejects(
    sizeOf(stream),
    (error) => error instanceof StreamReset && error.code === ERROR_CODE.REFUSED_STREAM,
  );
  client.close();
});

Deno.test("Http2Session that is closed lets open streams end and takes no new ones", async () => {
  const open: Http2Stream[] = [];
  await using server = await ourServer((stream) => void open.push(stream));
  const client = ourClient(server.port);
  const stream = client.request(REQUEST);
  stream.end();
  while (open.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const session of server.sessions) session.close();
  await new Promise<void>((resolve) => client.once("goaway", () => resolve()));
  assert.throws(() => client.request(REQUEST), /no new calls/);
  open[0]?.respond({ ":status": "200" }, { ended: true });
  await closed(stream);
  assert.equal(stream.errorCode, undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(server.sessions.size, 0);
});

Deno.test("Http2Session that is lost ends its streams and its pings", async () => {
  await using server = await ourServer(() => {});
  const client = ourClient(server.port);
  const stream = client.request(REQUEST);
  const over = closed(stream);
  await new Promise<void>((resolve) => client.ping(() => resolve()));
  for (const session of server.sessions) session.destroy();
  const ping = new Promise<Error | undefined>((resolve) => client.ping(resolve));
  await over;
  assert.notEqual(stream.errorCode, undefined);
  assert.match(String(await ping), /closed/);
});

Deno.test("Http2Session survives ten thousand mutations of what a client sends", async () => {
  let calls = 0;
  await using server = await ourServer((stream) => {
    calls++;
    stream.resume();
    stream.respond({ ":status": "200" });
    stream.end({ "x-done": "yes" });
  });
  const recorded = await recordedClient();
  const random = seeded(7);
  for (let round = 0; round < 200; round++) {
    const socket = net.connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    // The preface stays whole, or little else would be read.
    socket.write(PREFACE);
    for (let piece = 0; piece < 50 && !socket.destroyed; piece++) {
      socket.write(mutated(recorded, random));
    }
    socket.end();
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  }
  const client = ourClient(server.port);
  const before = calls;
  const stream = client.request(REQUEST);
  stream.resume();
  stream.end();
  await closed(stream);
  assert.equal(calls, before + 1);
  client.destroy();
});

/** What a client of ours sends for two calls, behind its preface. */
async function recordedClient(): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const server = net.createServer((socket) => socket.on("data", (chunk) => parts.push(chunk)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = ourClient((server.address() as AddressInfo).port);
  for (let i = 0; i < 2; i++) {
    const stream = client.request({ ...REQUEST, "x-number": String(i) });
    stream.write(LARGE.subarray(0, 100));
    stream.end();
  }
  client.ping(() => {});
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const whole = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  return whole.subarray(PREFACE.length);
}

/** Numbers in [0, 1), the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = bytes.slice();
  const changes = 1 + Math.floor(random() * 4);
  for (let i = 0; i < changes; i++) {
    copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  }
  return random() < 0.2 ? copy.subarray(0, Math.floor(random() * copy.length)) : copy;
}
