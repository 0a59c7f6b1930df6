import type { Random } from "./garble_random.ts";

/** A gRPC frame; flag byte and declared length may lie. */
export function frame(
  message: Uint8Array,
  flag = 0,
  declared = message.length,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(5 + message.length);
  bytes[0] = flag;
  new DataView(bytes.buffer).setUint32(1, declared);
  bytes.set(message, 5);
  return bytes;
}

/** All parts in one array. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Well-formed protobuf of random fields: varints, fixed ones, strings, nested messages. */
export function protobufLike(random: Random, depth = 0): Uint8Array<ArrayBuffer> {
  const fields = Array.from({ length: random.int(0, 6) }, () => {
    const number = random.int(1, 16);
    const tag = (wire: number): Uint8Array => Uint8Array.of(number << 3 | wire);
    const choice = random.int(0, depth < 20 ? 5 : 4);
    if (choice === 0) return joined(tag(0), Uint8Array.of(random.int(0, 128)));
    if (choice === 1) return joined(tag(1), random.bytes(8, 9));
    if (choice === 2) return joined(tag(5), random.bytes(4, 5));
    const inner = choice === 3
      ? random.bytes(0, 60)
      : protobufLike(random, depth + 1).slice(0, 127);
    return joined(tag(2), Uint8Array.of(inner.length), inner);
  });
  return joined(...fields);
}

/** Bytes that no protobuf decoder may take, whatever the message type. */
export function broken(random: Random): Uint8Array<ArrayBuffer> {
  const tag = (wire: number): Uint8Array<ArrayBuffer> => varint(12_345 << 3 | wire);
  const makers: [() => Uint8Array<ArrayBuffer>, ...(() => Uint8Array<ArrayBuffer>)[]] = [
    // A varint without an end, field number 0, and wire types 6 and 7.
    () => joined(tag(0), new Uint8Array(random.int(1, 9)).fill(0x80)),
    () => Uint8Array.of(0, 1),
    () => tag(6),
    () => tag(7),
    // Lengths beyond the end, an end of a group that never began, a group that never ends.
    () => joined(tag(2), varint(random.int(100, 1 << 27)), random.bytes(0, 50)),
    () => tag(4),
    () => tag(3),
    () => joined(tag(1), random.bytes(0, 8)),
    () => joined(tag(5), random.bytes(0, 4)),
    // Groups within groups, deep enough to end a decoder that recurses without looking.
    () => joined(...Array.from({ length: 50_000 }, () => tag(3))),
  ];
  return random.pick(makers)();
}

/** A message of exactly `size` bytes: one unknown field, which every decoder takes. */
export function messageOf(size: number): Uint8Array<ArrayBuffer> {
  const tag = varint(12_345 << 3 | 2);
  // The length of the rest says how long its own length is.
  for (let head = tag.length + 1; head <= tag.length + 5; head++) {
    const length = varint(size - head);
    if (tag.length + length.length === head) {
      return joined(tag, length, new Uint8Array(size - head));
    }
  }
  throw new RangeError(`Cannot make message: ${size} bytes are too few or fall between lengths`);
}

function varint(value: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, value]);
}
