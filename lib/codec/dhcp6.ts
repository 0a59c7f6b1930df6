import { formatIpv6, parseIpv6 } from "./ip.ts";

/** A DHCPv6 message between client and server (RFC 8415). */
export interface Dhcp6Message {
  readonly type: number;
  /** Transaction id, 24 bits. */
  readonly xid: number;
  readonly options: Dhcp6Options;
}

/** The options this client sends or heeds. */
export interface Dhcp6Options {
  /** The DUID of either end. */
  readonly clientId?: Uint8Array;
  readonly serverId?: Uint8Array;
  readonly identity?: Dhcp6Identity;
  /** Codes of the options that are asked for. */
  readonly requested?: readonly number[];
  /** Hundredths of a second since the client began, at most 65,535. */
  readonly elapsed?: number;
  readonly status?: number;
  readonly dns?: readonly string[];
  readonly domains?: readonly string[];
}

/** What a client's link holds: an IA_NA with, at most, one address. */
export interface Dhcp6Identity {
  readonly id: number;
  /** T1: when to ask the same server to renew; 0 leaves it to the client. */
  readonly renewSeconds: number;
  /** T2: when to ask any server; 0 leaves it to the client. */
  readonly rebindSeconds: number;
  readonly address?: Dhcp6Address;
  readonly status?: number;
}

/** An address with its lifetimes. */
export interface Dhcp6Address {
  readonly address: string;
  readonly preferredSeconds: number;
  readonly validSeconds: number;
}

/** Message types. */
export const DHCP6_TYPE = {
  SOLICIT: 1,
  ADVERTISE: 2,
  REQUEST: 3,
  RENEW: 5,
  REBIND: 6,
  REPLY: 7,
  RELEASE: 8,
  DECLINE: 9,
} as const;

/** Option codes of RFC 8415 and RFC 3646. */
export const DHCP6_OPTION = {
  CLIENT_ID: 1,
  SERVER_ID: 2,
  IDENTITY: 3,
  ADDRESS: 5,
  REQUESTED: 6,
  ELAPSED: 8,
  STATUS: 13,
  DNS: 23,
  DOMAINS: 24,
} as const;

/** UDP ports of both ends, and the address at which every server of a link listens. */
export const DHCP6_PORT = { SERVER: 547, CLIENT: 546 } as const;
export const DHCP6_SERVERS = "ff02::1:2";

/** `type u8 @0, xid u24 @1, options @4`. */
const HEADER_SIZE = 4;
/** IA_NA: `id u32 @0, T1 u32 @4, T2 u32 @8, options @12`. */
const IDENTITY_SIZE = 12;
/** IAADDR: `address @0, preferred u32 @16, valid u32 @20, options @24`. */
const ADDRESS_SIZE = 24;

interface Field<T> {
  readonly code: number;
  readonly read: (bytes: Uint8Array, what: string) => T;
  readonly write: (value: T) => Iterable<number>;
}

/** One line an option: its code, how its bytes are read and how they are written. */
const FIELDS: { readonly [K in keyof Dhcp6Options]-?: Field<NonNullable<Dhcp6Options[K]>> } = {
  clientId: { code: DHCP6_OPTION.CLIENT_ID, read: (bytes) => bytes.slice(), write: (id) => id },
  serverId: { code: DHCP6_OPTION.SERVER_ID, read: (bytes) => bytes.slice(), write: (id) => id },
  identity: { code: DHCP6_OPTION.IDENTITY, read: readIdentity, write: writeIdentity },
  requested: {
    code: DHCP6_OPTION.REQUESTED,
    read: (bytes, what) => pieces(bytes, 2, what).map((piece) => uint(piece, 0, 2)),
    write: (codes) => codes.flatMap((code) => bytesOf(code, 2)),
  },
  elapsed: {
    code: DHCP6_OPTION.ELAPSED,
    read: (bytes, what) => uint(atLeast(2, bytes, what), 0, 2),
    write: (elapsed) => bytesOf(elapsed, 2),
  },
  status: { code: DHCP6_OPTION.STATUS, read: readStatus, write: (status) => bytesOf(status, 2) },
  dns: {
    code: DHCP6_OPTION.DNS,
    read: (bytes, what) => pieces(bytes, 16, what).map(formatIpv6),
    write: (addresses) => addresses.flatMap((address) => [...parseIpv6(address)]),
  },
  domains: { code: DHCP6_OPTION.DOMAINS, read: readDomains, write: writeDomains },
};

/** The bytes of a message. */
export function encodeDhcp6({ type, xid, options }: Dhcp6Message): Uint8Array<ArrayBuffer> {
  const written = Object.entries(FIELDS).flatMap(([name, { code, write }]) => {
    const value = options[name as keyof Dhcp6Options];
    if (value === undefined) return [];
    return optionOf(code, [...(write as (value: unknown) => Iterable<number>)(value)]);
  });
  return Uint8Array.from([type, ...bytesOf(xid, 3), ...written]);
}

/** Reads a message. @throws {RangeError} that names the option which is too long or of a wrong size */
export function decodeDhcp6(bytes: Uint8Array): Dhcp6Message {
  atLeast(HEADER_SIZE, bytes, "DHCPv6 message");
  const found = collected(bytes.subarray(HEADER_SIZE), "message");
  const options: Record<string, unknown> = {};
  for (const [name, { code, read }] of Object.entries(FIELDS)) {
    const [value] = found.get(code) ?? [];
    if (value) options[name] = read(value, `DHCPv6 option ${name}`);
  }
  return { type: uint(bytes, 0, 1), xid: uint(bytes, 1, 3), options };
}

function readIdentity(bytes: Uint8Array, what: string): Dhcp6Identity {
  atLeast(IDENTITY_SIZE, bytes, what);
  const found = collected(bytes.subarray(IDENTITY_SIZE), what);
  const addresses = (found.get(DHCP6_OPTION.ADDRESS) ?? []).map((value) =>
    readAddress(value, `${what}, address`)
  );
  // A server that moves a client ends the old address beside the new one.
  const address = addresses.find(({ validSeconds }) => validSeconds > 0) ?? addresses[0];
  const [status] = found.get(DHCP6_OPTION.STATUS) ?? [];
  return {
    id: uint(bytes, 0, 4),
    renewSeconds: uint(bytes, 4, 4),
    rebindSeconds: uint(bytes, 8, 4),
    ...(address ? { address } : {}),
    ...(status ? { status: readStatus(status, `${what}, status`) } : {}),
  };
}

function writeIdentity(identity: Dhcp6Identity): number[] {
  const { id, renewSeconds, rebindSeconds, address, status } = identity;
  return [
    ...[id, renewSeconds, rebindSeconds].flatMap((number) => bytesOf(number, 4)),
    ...(address ? optionOf(DHCP6_OPTION.ADDRESS, writeAddress(address)) : []),
    ...(status === undefined ? [] : optionOf(DHCP6_OPTION.STATUS, bytesOf(status, 2))),
  ];
}

function readAddress(bytes: Uint8Array, what: string): Dhcp6Address {
  atLeast(ADDRESS_SIZE, bytes, what);
  return {
    address: formatIpv6(bytes.subarray(0, 16)),
    preferredSeconds: uint(bytes, 16, 4),
    validSeconds: uint(bytes, 20, 4),
  };
}

function writeAddress({ address, preferredSeconds, validSeconds }: Dhcp6Address): number[] {
  return [...parseIpv6(address), ...bytesOf(preferredSeconds, 4), ...bytesOf(validSeconds, 4)];
}

/** The code; the text behind it is for people. */
function readStatus(bytes: Uint8Array, what: string): number {
  return uint(atLeast(2, bytes, what), 0, 2);
}

/** Names of RFC 1035: labels with their lengths, an empty one last; no name points into another. */
function readDomains(bytes: Uint8Array, what: string): string[] {
  const names: string[] = [];
  const labels: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes[at++] ?? 0;
    if (size > 63 || size > bytes.length - at) {
      throw new RangeError(`Cannot read ${what}: label of ${size} in ${bytes.length - at} bytes`);
    }
    if (size > 0) labels.push(new TextDecoder().decode(bytes.subarray(at, at + size)));
    else if (labels.length > 0) names.push(labels.splice(0).join("."));
    at += size;
  }
  return labels.length > 0 ? [...names, labels.join(".")] : names;
}

function writeDomains(names: readonly string[]): number[] {
  return names.flatMap((name) => [
    ...name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]),
    0,
  ]);
}

/** The values of options in a row by their codes. */
function collected(area: Uint8Array, where: string): Map<number, Uint8Array[]> {
  const found = new Map<number, Uint8Array[]>();
  for (let at = 0; at < area.length;) {
    atLeast(4, area.subarray(at), `DHCPv6 option in ${where}`);
    const [code, size] = [uint(area, at, 2), uint(area, at + 2, 2)];
    at += 4;
    atLeast(size, area.subarray(at), `DHCPv6 option ${code} in ${where}`);
    const values = found.get(code) ?? [];
    values.push(area.subarray(at, at + size));
    found.set(code, values);
    at += size;
  }
  return found;
}

function optionOf(code: number, bytes: readonly number[]): number[] {
  return [...bytesOf(code, 2), ...bytesOf(bytes.length, 2), ...bytes];
}

function pieces(bytes: Uint8Array, size: number, what: string): Uint8Array[] {
  if (bytes.length % size !== 0) throw new RangeError(`Cannot read ${what}: ${bytes.length} bytes`);
  return Array.from(
    { length: bytes.length / size },
    (_, at) => bytes.subarray(at * size, (at + 1) * size),
  );
}

function atLeast(size: number, bytes: Uint8Array, what: string): Uint8Array {
  if (bytes.length >= size) return bytes;
  throw new RangeError(`Cannot read ${what}: ${bytes.length} of ${size} bytes`);
}

function uint(bytes: Uint8Array, at: number, size: number): number {
  return bytes.subarray(at, at + size).reduce((number, byte) => number * 256 + byte, 0);
}

function bytesOf(number: number, size: number): number[] {
  return Array.from({ length: size }, (_, at) => Math.floor(number / 256 ** (size - 1 - at)) & 255);
}
