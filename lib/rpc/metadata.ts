import { concatBytes } from "./frames.ts";
import type { Status } from "./status.ts";

/**
 * Who answered, written into replies as raw protobuf: `common.Metadata` is field 1 of every reply
 * element and every stream message, and protobuf merges fields that come twice, so appending bytes
 * is enough and no schema is needed.
 */

const LENGTH_DELIMITED = 2;
const TAG_1 = (1 << 3) | LENGTH_DELIMITED;
const TAG_2 = (2 << 3) | LENGTH_DELIMITED;
const TAG_3 = (3 << 3) | LENGTH_DELIMITED;
const encoder = new TextEncoder();

/** A length-delimited protobuf field: tag, length, bytes. */
export function lengthDelimited(tag: number, bytes: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(tag), varint(bytes.length), bytes]);
}

/** The bytes to append to a message so that its field 1 is `Metadata{hostname}`. */
export function hostnameField(hostname: string): Uint8Array {
  return lengthDelimited(TAG_1, lengthDelimited(TAG_1, encoder.encode(hostname)));
}

/** A message that holds only `Metadata{hostname, error, status}` in field 1. */
export function failureMessage(
  hostname: string,
  { code, message }: Status,
  error = message,
): Uint8Array {
  const status = concatBytes([
    Uint8Array.of(1 << 3),
    varint(code),
    lengthDelimited(TAG_2, encoder.encode(message)),
  ]);
  return lengthDelimited(
    TAG_1,
    concatBytes([
      lengthDelimited(TAG_1, encoder.encode(hostname)),
      lengthDelimited(TAG_2, encoder.encode(error)),
      lengthDelimited(TAG_3, status),
    ]),
  );
}

/** A unary reply `{messages: [element]}` of one element. */
export function replyOf(element: Uint8Array): Uint8Array {
  return lengthDelimited(TAG_1, element);
}

/**
 * A unary reply with `field` (from hostnameField) appended to each element of its field 1; a reply
 * without elements gets one that holds nothing else, so that every node shows up.
 * @throws {SyntaxError} when the bytes are not protobuf of that shape
 */
export function withHostname(reply: Uint8Array, field: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let elements = 0;
  let at = 0;
  while (at < reply.length) {
    const start = at;
    const tag = readVarint(reply, at);
    at = tag.end;
    if (tag.value !== TAG_1) {
      at = skipField(reply, at, tag.value & 7);
      parts.push(reply.subarray(start, at));
      continue;
    }
    const length = readVarint(reply, at);
    at = length.end + length.value;
    if (at > reply.length) throw truncated();
    parts.push(
      Uint8Array.of(TAG_1),
      varint(length.value + field.length),
      reply.subarray(length.end, at),
      field,
    );
    elements++;
  }
  if (elements === 0) parts.push(replyOf(field));
  return concatBytes(parts);
}

function skipField(bytes: Uint8Array, at: number, wireType: number): number {
  let end: number;
  if (wireType === 0) end = readVarint(bytes, at).end;
  else if (wireType === 1) end = at + 8;
  else if (wireType === 5) end = at + 4;
  else if (wireType === LENGTH_DELIMITED) {
    const length = readVarint(bytes, at);
    end = length.end + length.value;
  } else throw new SyntaxError(`Cannot read reply: wire type ${wireType} is unknown`);
  if (end > bytes.length) throw truncated();
  return end;
}

/** Numbers past 2^53 lose digits, which only values that are skipped can have. */
function readVarint(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) throw truncated();
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at };
  }
  throw new SyntaxError("Cannot read reply: a varint is over ten bytes");
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  while (value > 0x7f) {
    bytes.push((value & 0x7f) | 0x80);
    value >>>= 7;
  }
  bytes.push(value);
  return Uint8Array.from(bytes);
}

function truncated(): SyntaxError {
  return new SyntaxError("Cannot read reply: it ends inside a field");
}
