import assert from "node:assert/strict";
import * as net from "node:net";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { concatBytes, frameOf } from "./frames.ts";
import { serveUnix } from "./serve.ts";
import { RawClient, temporaryFolder, until } from "./testing.ts";

const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const CONTINUATION = 9;
const END_STREAM = 1;
const END_HEADERS = 4;

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(9);
  const view = new DataView(header.buffer);
  view.setUint32(0, payload.length << 8 | type);
  header[4] = flags;
  view.setUint32(5, stream);
  return concatBytes([header, payload]);
}

function literal(name: string, value: string): Uint8Array {
  const text = new TextEncoder();
  const [n, v] = [text.encode(name), text.encode(value)];
  return concatBytes([Uint8Array.of(0, n.length), n, Uint8Array.of(v.length), v]);
}

/** POST over http, from the static table of HPACK, and the rest spelled out. */
const REQUEST = concatBytes([
  Uint8Array.of(0x83, 0x86),
  literal(":authority", "localhost"),
  literal(":path", "/machine.MachineService/Version"),
  literal("content-type", "application/grpc"),
]);

const EMPTY = new Uint8Array(0);
const HEADER_LIST = frame(HEADERS, END_HEADERS, 1, REQUEST);

/** What a bad client sends, step by step, and whether it must be cut off. */
const CASES: [string, boolean, (step: number) => Uint8Array][] = [
  ["headers that never end", true, (step) => {
    if (step === 0) return frame(HEADERS, 0, 1, REQUEST);
    return frame(CONTINUATION, 0, 1, literal(`x${step}`, "y".repeat(100)));
  }],
  ["streams opened and reset at once", true, (step) => {
    const reset = frame(RST_STREAM, 0, step * 2 + 1, Uint8Array.of(0, 0, 0, 8));
    return concatBytes([frame(HEADERS, END_HEADERS, step * 2 + 1, REQUEST), reset]);
  }],
  ["random bytes", true, () => crypto.getRandomValues(new Uint8Array(500))],
  ["one byte of headers at a time", true, (step) => HEADER_LIST.subarray(step % 20, step % 20 + 1)],
  // The control: the same bytes as above are cut off for what they do, not for how they are made.
  ["empty requests that are well formed", false, (step) => {
    return frame(HEADERS, END_HEADERS | END_STREAM, step * 2 + 1, REQUEST);
  }],
  ["pings without end", false, () => frame(PING, 0, 0, new Uint8Array(8))],
];

for (const [what, mustEnd, next] of CASES) {
  Deno.test(`serveUnix() serves others while a client sends ${what}`, async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/machine.sock`;
    const slow = what.startsWith("one byte");
    const server = await serveUnix(
      path,
      (router) => router.service(MachineService, { version: () => ({}) }),
      // Between components resets are not counted; to the outside they are.
      { limits: { maxResets: 1_000, ...(slow ? { firstCallMs: 500 } : {}) } },
    );
    const socket = net.connect(path);
    socket.on("error", () => {});
    socket.resume();
    socket.write(concatBytes([PREFACE, frame(SETTINGS, 0, 0, EMPTY)]));
    const began = performance.now();
    for (let step = 0; !socket.destroyed && performance.now() - began < 1_500; step++) {
      if (slow && step >= 20) break;
      socket.write(next(step));
      if (slow || step % 100 === 0) {
        await new Promise((resolve) => setTimeout(resolve, slow ? 30 : 0));
      }
    }
    const raw = await RawClient.connect(path);
    const { status } = await raw.call("/machine.MachineService/Version", frameOf(EMPTY));
    assert.equal(status?.code, 0);
    if (!mustEnd) assert.equal(socket.destroyed, false);
    else await until("cut off", () => socket.destroyed, 15_000);
    socket.destroy();
    await raw[Symbol.asyncDispose]();
    await server.close();
  });
}
