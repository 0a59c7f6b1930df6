import type { Random } from "./garble_random.ts";
import { joined } from "./garble_bytes.ts";

/** What one connection sends that is no proper HTTP/2. */
export interface BadConnection {
  readonly kind: string;
  /** False: the bytes go over bare TCP, where the server expects a TLS handshake. */
  readonly tls: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const text = (line: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(line);

/** Types of HTTP/2 frames: RFC 9113, section 6. */
const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
};

function h2(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(9);
  const view = new DataView(head.buffer);
  view.setUint16(0, payload.length >> 8);
  head[2] = payload.length & 0xff;
  head[3] = type;
  head[4] = flags;
  view.setUint32(5, stream);
  return joined(head, payload);
}

const none = new Uint8Array(0);
const start = (...frames: Uint8Array[]): Uint8Array<ArrayBuffer> =>
  joined(PREFACE, h2(FRAME.settings, 0, 0, none), ...frames);
const many = (count: number, one: (i: number) => Uint8Array): Uint8Array<ArrayBuffer> =>
  start(...Array.from({ length: count }, (_, i) => one(i)));

const OVER_TLS: Record<string, (random: Random) => Uint8Array<ArrayBuffer>> = {
  "random bytes": (random) => random.bytes(1, 2_000),
  "HTTP/1.1": () => text("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
  "half a preface": (random) => PREFACE.slice(0, random.int(1, PREFACE.length)),
  "preface, then random": (random) => joined(PREFACE, random.bytes(1, 2_000)),
  "random frames": (random) =>
    many(
      20,
      () => h2(random.int(0, 256), random.int(0, 256), random.int(0, 9), random.bytes(0, 100)),
    ),
  "frame too large": () =>
    start(joined(Uint8Array.of(0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1), new Uint8Array(20_000))),
  "bad header compression": (random) => start(h2(FRAME.headers, 5, 1, random.bytes(10, 300))),
  "headers without end": (random) =>
    many(500, (i) => h2(i ? FRAME.continuation : FRAME.headers, 0, 1, random.bytes(50, 51))),
  "continuation alone": (random) => start(h2(FRAME.continuation, 4, 1, random.bytes(0, 50))),
  "data on stream 0": (random) => start(h2(FRAME.data, 0, 0, random.bytes(0, 50))),
  "data on a stream that is not open": (random) => start(h2(FRAME.data, 1, 7, random.bytes(0, 50))),
  "even stream": () => start(h2(FRAME.headers, 5, 2, Uint8Array.of(0x83, 0x86))),
  "settings of odd length": (random) => start(h2(FRAME.settings, 0, 0, random.bytes(1, 6))),
  "settings out of range": () =>
    start(h2(FRAME.settings, 0, 0, Uint8Array.of(0, 4, 255, 255, 255, 255))),
  "window update of 0": () => start(h2(FRAME.windowUpdate, 0, 0, new Uint8Array(4))),
  "window beyond its end": () =>
    many(3, () => h2(FRAME.windowUpdate, 0, 0, Uint8Array.of(127, 255, 255, 255))),
  "push from a client": (random) => start(h2(FRAME.pushPromise, 4, 1, random.bytes(4, 50))),
  "flood of pings": () => many(2_000, () => h2(FRAME.ping, 0, 0, new Uint8Array(8))),
  "flood of settings": () => many(2_000, () => h2(FRAME.settings, 0, 0, none)),
  "flood of resets": () =>
    many(500, (i) =>
      joined(
        h2(FRAME.headers, 4, 2 * i + 1, Uint8Array.of(0x83, 0x87, 0x84, 0x41, 1, 97)),
        h2(FRAME.rstStream, 0, 2 * i + 1, Uint8Array.of(0, 0, 0, 8)),
      )),
};

const OVER_TCP: Record<string, (random: Random) => Uint8Array<ArrayBuffer>> = {
  "nothing": () => new Uint8Array(0),
  "random bytes": (random) => random.bytes(1, 2_000),
  "HTTP/2 without TLS": () => start(),
  "TLS record, then random": (random) =>
    joined(Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3), random.bytes(0, 600)),
};

/** Names of all kinds of bad connections. */
export const CONNECTION_KINDS: readonly string[] = [
  ...Object.keys(OVER_TLS).map((kind) => `TLS, ${kind}`),
  ...Object.keys(OVER_TCP).map((kind) => `TCP, ${kind}`),
];

/** The bad connection that the random numbers choose. */
export function badConnection(random: Random): BadConnection {
  const kind = CONNECTION_KINDS[random.int(0, CONNECTION_KINDS.length)] ?? "TCP, nothing";
  const tls = kind.startsWith("TLS, ");
  const make = (tls ? OVER_TLS : OVER_TCP)[kind.slice("TLS, ".length)];
  return { kind, tls, bytes: make?.(random) ?? new Uint8Array(0) };
}
