import type { Random } from "./garble_random.ts";
import { broken, frame, joined, protobufLike } from "./garble_bytes.ts";

/** One bad call: what it sends, and what the answer must not be. */
export interface BadCall {
  readonly kind: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** The client resets the stream instead of ending it. */
  readonly reset?: true;
  /** No server may answer this with OK. */
  readonly mustFail?: true;
}

/** What a bad call is made of. */
export interface Recipe {
  readonly random: Random;
  /** `/service/Method`. */
  readonly path: string;
  /** The server's limit for one message. */
  readonly limitBytes: number;
  /** Kinds that are left out. */
  readonly without?: readonly string[];
}

type Maker = (recipe: Recipe) => Omit<BadCall, "kind" | "headers"> & {
  readonly headers?: Readonly<Record<string, string>>;
};

const empty = new Uint8Array(0);
const small = (random: Random): Uint8Array<ArrayBuffer> => frame(protobufLike(random));

/** Every kind of bad call by name. */
const MAKERS: Record<string, Maker> = {
  "no message": () => ({ body: empty, mustFail: true }),
  "random bytes": ({ random }) => ({ body: frame(random.bytes(0, 600)) }),
  "like protobuf": ({ random }) => ({ body: small(random) }),
  "broken protobuf": ({ random }) => ({ body: frame(broken(random)), mustFail: true }),
  // Eleven bytes: decoders differ in whether they pass over it in a field they do not know.
  "varint too long": () => ({
    body: frame(Uint8Array.of(120, ...new Array<number>(10).fill(255), 1)),
  }),
  "cut short": ({ random }) => {
    const whole = frame(random.bytes(2, 400));
    return { body: whole.slice(0, random.int(1, whole.length)), mustFail: true };
  },
  "no frame": ({ random }) => ({
    body: joined(Uint8Array.of(7), random.bytes(0, 200)),
    mustFail: true,
  }),
  "flag byte": ({ random }) => ({
    body: frame(random.bytes(0, 50), random.int(2, 256)),
    mustFail: true,
  }),
  "compressed without a name": ({ random }) => ({
    body: frame(random.bytes(1, 50), 1),
    mustFail: true,
  }),
  "compressed, unknown": ({ random }) => ({
    headers: { "grpc-encoding": "zippy" },
    body: frame(random.bytes(1, 50), 1),
    mustFail: true,
  }),
  "compressed, no gzip": ({ random }) => ({
    headers: { "grpc-encoding": "gzip" },
    body: frame(random.bytes(1, 50), 1),
    mustFail: true,
  }),
  "declares a little too much": ({ random, limitBytes }) => ({
    body: frame(random.bytes(0, 50), 0, limitBytes + 1),
    mustFail: true,
  }),
  "declares 1 GiB": ({ random }) => ({
    body: frame(random.bytes(0, 50), 0, 1 << 30),
    mustFail: true,
  }),
  "declares 4 GiB": ({ random }) => ({
    body: frame(random.bytes(0, 50), 0, 0xffff_ffff),
    mustFail: true,
  }),
  "two messages": ({ random }) => ({ body: joined(small(random), small(random)), mustFail: true }),
  "a thousand messages": () => ({
    body: joined(...Array.from({ length: 1_000 }, () => frame(empty))),
    mustFail: true,
  }),
  "reset": ({ random }) => ({ body: frame(random.bytes(0, 50), 0, 100), reset: true }),
  "no such method": ({ random, path }) => ({
    headers: { ":path": `${path}${random.int(0, 1_000)}` },
    body: frame(empty),
    mustFail: true,
  }),
  "odd path": ({ random }) => ({
    headers: {
      ":path": random.pick([
        "/",
        "//",
        "/a",
        "/a/b/c/d",
        "*",
        "/%00/%ff",
        `/${"a".repeat(4_000)}/b`,
      ]),
    },
    body: frame(empty),
    mustFail: true,
  }),
  "odd content type": ({ random }) => ({
    headers: {
      "content-type": random.pick(["text/html", "application/json", "application/grpc-web"]),
    },
    body: frame(empty),
    mustFail: true,
  }),
  "odd method": ({ random }) => ({
    headers: { ":method": random.pick(["GET", "PUT", "DELETE", "OPTIONS"]) },
    body: empty,
    mustFail: true,
  }),
  "odd timeout": ({ random }) => ({
    headers: { "grpc-timeout": random.pick(["x", "-1S", "1", "123456789S", "1.5S", "1s"]) },
    body: frame(empty),
    mustFail: true,
  }),
  "no time": () => ({ headers: { "grpc-timeout": "0n" }, body: frame(empty) }),
  "hardly any time": ({ random }) => ({
    headers: { "grpc-timeout": `${random.int(1, 12)}m` },
    body: frame(empty),
  }),
  "long header": ({ random }) => ({
    headers: { "x-garbage": "g".repeat(random.int(20_000, 60_000)) },
    body: frame(empty),
    mustFail: true,
  }),
  "odd metadata": ({ random }) => ({
    headers: {
      "x-data-bin": random.pick(["", "*", "====", "a".repeat(999)]),
      "proxyfrom": "\u0001x",
    },
    body: small(random),
  }),
  // Loopback or no address at all: nothing may leave the host for a name.
  "odd nodes": ({ random }) => ({
    headers: {
      "nodes": random.pick([
        "",
        ",,,",
        "[::1",
        "127.0.0.1:99999",
        "a b",
        "127.0.0.1:1",
        Array.from({ length: 300 }, (_, i) => `127.1.0.${i}:1`).join(","),
      ]),
    },
    body: small(random),
  }),
};

/** Names of all kinds of bad calls. */
export const CALL_KINDS: readonly string[] = Object.keys(MAKERS);

/** The bad call that the recipe's random numbers choose. */
export function badCall(recipe: Recipe): BadCall {
  const kinds = CALL_KINDS.filter((kind) => !recipe.without?.includes(kind));
  const kind = kinds[recipe.random.int(0, kinds.length)] ?? "no message";
  const { headers = {}, ...made } = MAKERS[kind]!(recipe);
  const base = {
    ":method": "POST",
    ":path": recipe.path,
    "content-type": "application/grpc",
    "te": "trailers",
  };
  return { kind, ...made, headers: { ...base, ...headers } };
}
