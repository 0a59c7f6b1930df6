/** A netlink message: the 16-byte header of `struct nlmsghdr` and what follows it. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  readonly payload: Uint8Array;
}

/** An attribute of a message: its type without flag bits, and its bytes. */
export type NetlinkAttribute = readonly [type: number, value: Uint8Array];

/** Message types of the protocol itself. */
export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;

/** Message flags, those that this project sets or reads. */
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  DUMP_INTR: 0x10,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  /** Of an error: only the header of the request is repeated. */
  CAPPED: 0x100,
  /** Of an error: attributes follow that say more. */
  ACK_TLVS: 0x200,
} as const;

const HEADER_SIZE = 16;
/** An error begins with its errno; the request follows. */
const ERRNO_SIZE = 4;
const NLMSGERR_ATTR_MSG = 1;
const ATTRIBUTE_HEADER_SIZE = 4;
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER ride in the type. */
const ATTRIBUTE_TYPE_MASK = 0x3fff;
/** Marks an attribute whose value is attributes; newer families insist on it. */
export const NLA_F_NESTED = 0x8000;

/** Messages and attributes start at multiples of four. */
export function align4(size: number): number {
  return (size + 3) & ~3;
}

/** A view over exactly these bytes; netlink is in host order, which is little-endian here. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The bytes of one message, ready to send. */
export function encodeMessage(message: Omit<NetlinkMessage, "port">): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(align4(HEADER_SIZE + message.payload.length));
  const view = viewOf(bytes);
  view.setUint32(0, HEADER_SIZE + message.payload.length, true);
  view.setUint16(4, message.type, true);
  view.setUint16(6, message.flags, true);
  view.setUint32(8, message.sequence, true);
  bytes.set(message.payload, HEADER_SIZE);
  return bytes;
}

/**
 * The messages of one datagram; payloads are views into `bytes`.
 *
 * @throws {RangeError} when a length does not fit what was received
 */
export function decodeMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = viewOf(bytes);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < HEADER_SIZE) {
      throw new RangeError(`Cannot read netlink header: ${bytes.length - at} of 16 bytes`);
    }
    const size = view.getUint32(at, true);
    if (size < HEADER_SIZE || size > bytes.length - at) {
      throw new RangeError(
        `Cannot read netlink message: length ${size} of ${bytes.length - at} bytes`,
      );
    }
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      payload: bytes.subarray(at + HEADER_SIZE, at + size),
    });
    at += align4(size);
  }
  return messages;
}

/** The bytes of attributes one after the other, each padded to four. */
export function encodeAttributes(attributes: readonly NetlinkAttribute[]): Uint8Array<ArrayBuffer> {
  const sizes = attributes.map(([, value]) => align4(ATTRIBUTE_HEADER_SIZE + value.length));
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = viewOf(bytes);
  let at = 0;
  attributes.forEach(([type, value], index) => {
    view.setUint16(at, ATTRIBUTE_HEADER_SIZE + value.length, true);
    view.setUint16(at + 2, type, true);
    bytes.set(value, at + ATTRIBUTE_HEADER_SIZE);
    at += sizes[index] ?? 0;
  });
  return bytes;
}

/**
 * The attributes in `bytes` by type; of a repeated type the last stays, as in the kernel.
 *
 * @throws {RangeError} that names `what` when a length does not fit
 */
export function decodeAttributes(bytes: Uint8Array, what: string): Map<number, Uint8Array> {
  return new Map(listAttributes(bytes, what));
}

/**
 * The attributes in `bytes` in order: in lists every element may have the same type.
 *
 * @throws {RangeError} that names `what` when a length does not fit
 */
export function listAttributes(bytes: Uint8Array, what: string): NetlinkAttribute[] {
  const view = viewOf(bytes);
  const attributes: NetlinkAttribute[] = [];
  // Up to three bytes of padding may stand at the end.
  for (let at = 0; bytes.length - at >= ATTRIBUTE_HEADER_SIZE;) {
    const size = view.getUint16(at, true);
    if (size < ATTRIBUTE_HEADER_SIZE || size > bytes.length - at) {
      throw new RangeError(
        `Cannot read attribute of ${what}: length ${size} of ${bytes.length - at} bytes`,
      );
    }
    const type = view.getUint16(at + 2, true) & ATTRIBUTE_TYPE_MASK;
    attributes.push([type, bytes.subarray(at + ATTRIBUTE_HEADER_SIZE, at + size)]);
    at += align4(size);
  }
  return attributes;
}

/**
 * The errno that an NLMSG_ERROR or NLMSG_DONE message carries: 0 is an acknowledgement.
 *
 * @throws {RangeError} when it is too short for one
 */
export function decodeErrno(message: NetlinkMessage): number {
  if (message.type === NLMSG.DONE && message.payload.length < 4) return 0;
  if (message.payload.length < 4) {
    throw new RangeError(`Cannot read errno of netlink message: ${message.payload.length} bytes`);
  }
  return -viewOf(message.payload).getInt32(0, true) | 0;
}

/** What the kernel says beside the errno of an NLMSG_ERROR, when it was asked to; else nothing. */
export function decodeErrorText(message: NetlinkMessage): string {
  if (message.type !== NLMSG.ERROR || !(message.flags & NLM_F.ACK_TLVS)) return "";
  const { payload } = message;
  if (payload.length < ERRNO_SIZE + HEADER_SIZE) return "";
  // The request follows, or its header alone.
  const request = message.flags & NLM_F.CAPPED
    ? HEADER_SIZE
    : align4(viewOf(payload).getUint32(ERRNO_SIZE, true));
  const tail = payload.subarray(ERRNO_SIZE + request);
  const text = decodeAttributes(tail, "netlink error").get(NLMSGERR_ATTR_MSG);
  return text ? textOf(text) : "";
}

/** Four bytes in host order. */
export function uint32Bytes(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}

/** The number in four bytes of host order. @throws {RangeError} that names `what` */
export function uint32Of(bytes: Uint8Array, what: string): number {
  if (bytes.length !== 4) throw new RangeError(`Cannot read ${what}: ${bytes.length} of 4 bytes`);
  return viewOf(bytes).getUint32(0, true);
}

/** Text with the zero byte that ends it in C. */
export function textBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** The text up to the first zero byte. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
