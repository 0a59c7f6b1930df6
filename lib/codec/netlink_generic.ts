import {
  decodeAttributes,
  encodeAttributes,
  type NetlinkAttribute,
  textBytes,
  viewOf,
} from "./netlink.ts";

/** A message of a generic netlink family: its command and its attributes. */
export interface GenericMessage {
  readonly command: number;
  readonly attributes: Uint8Array;
}

/** The message type of the family that knows all others (GENL_ID_CTRL). */
export const GENERIC_CONTROL = 16;
const GETFAMILY = 3;
const CTRL_ATTR = { FAMILY_ID: 1, FAMILY_NAME: 2 } as const;
/** `struct genlmsghdr`: command u8 @0, version u8 @1. */
const HEADER_SIZE = 4;
const VERSION = 1;

/** The payload of a generic message. */
export function encodeGeneric(
  command: number,
  attributes: readonly NetlinkAttribute[],
): Uint8Array<ArrayBuffer> {
  const tail = encodeAttributes(attributes);
  const bytes = new Uint8Array(HEADER_SIZE + tail.length);
  bytes.set([command, VERSION]);
  bytes.set(tail, HEADER_SIZE);
  return bytes;
}

/** Reads the payload of a generic message. @throws {RangeError} when it is too short */
export function decodeGeneric(payload: Uint8Array): GenericMessage {
  if (payload.length < HEADER_SIZE) {
    throw new RangeError(`Cannot read generic message: ${payload.length} of ${HEADER_SIZE} bytes`);
  }
  return { command: payload[0] ?? 0, attributes: payload.subarray(HEADER_SIZE) };
}

/** The payload that asks the control family for the number of the family called `name`. */
export function encodeFamilyQuery(name: string): Uint8Array<ArrayBuffer> {
  return encodeGeneric(GETFAMILY, [[CTRL_ATTR.FAMILY_NAME, textBytes(name)]]);
}

/** The message type of a family, out of the answer. @throws {RangeError} when there is none */
export function decodeFamily(payload: Uint8Array): number {
  const id = decodeAttributes(decodeGeneric(payload).attributes, "family").get(CTRL_ATTR.FAMILY_ID);
  if (id?.length !== 2) throw new RangeError(`Cannot read family: ${id?.length ?? 0} of 2 bytes`);
  return viewOf(id).getUint16(0, true);
}
