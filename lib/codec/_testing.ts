import assert from "node:assert/strict";

/** The bytes of hex text. */
export function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

/** Repeatable numbers from 0 up to but not including `below`. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * below);
  };
}

/** `count` damaged copies of the samples: bits flipped, bytes set, cut short, parts repeated. */
export function* mutants(
  samples: readonly Uint8Array[],
  count: number,
  seed: number,
): Generator<Uint8Array> {
  const random = seededRandom(seed);
  for (let round = 0; round < count; round++) {
    let bytes = (samples[random(samples.length)] ?? new Uint8Array()).slice();
    for (let times = 1 + random(4); times > 0 && bytes.length > 0; times--) {
      const at = random(bytes.length);
      const kind = random(5);
      if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      else if (kind === 1) bytes[at] = [0, 1, 4, 0x7f, 0x80, 0xff][random(6)] ?? 0;
      else if (kind === 2) bytes = bytes.slice(0, at);
      else if (kind === 3) bytes = Uint8Array.of(...bytes, ...bytes.subarray(at, at + random(32)));
      else bytes.copyWithin(at, random(bytes.length), random(bytes.length));
    }
    yield bytes;
  }
}

/** Whether an error is one of those a decoder may throw. */
function isDecoderError(error: unknown): boolean {
  return (error instanceof RangeError || error instanceof SyntaxError) &&
    error.message.startsWith("Cannot read ");
}

/** How many of `inputs` the decoder refuses; it may throw errors of a decoder, and no other. */
export function refusals(
  decode: (bytes: Uint8Array) => unknown,
  inputs: Iterable<Uint8Array>,
): number {
  let count = 0;
  for (const bytes of inputs) {
    try {
      decode(bytes);
    } catch (error) {
      assert.ok(isDecoderError(error), String(error));
      count++;
    }
  }
  return count;
}
