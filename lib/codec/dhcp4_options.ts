import { formatIpv4, type IpPrefix, maskPrefix, networkOf, parseIpv4 } from "./ip.ts";

/** A route of option 121: where to, and through which router (`0.0.0.0` means on the link). */
export interface Dhcp4Route extends IpPrefix {
  readonly gateway: string;
}

/** The options this client sends or heeds; an absent or empty option is absent here. */
export interface Dhcp4Options {
  readonly type?: number;
  /** Prefix length of the subnet mask. */
  readonly prefix?: number;
  readonly routers?: readonly string[];
  readonly dns?: readonly string[];
  readonly hostname?: string;
  readonly domain?: string;
  readonly mtu?: number;
  readonly broadcast?: string;
  readonly ntp?: readonly string[];
  readonly requestedIp?: string;
  readonly leaseSeconds?: number;
  readonly serverId?: string;
  readonly parameters?: readonly number[];
  readonly message?: string;
  readonly maxMessageSize?: number;
  /** T1: when to ask the same server to renew. */
  readonly renewSeconds?: number;
  /** T2: when to ask any server. */
  readonly rebindSeconds?: number;
  readonly clientId?: Uint8Array;
  readonly routes?: readonly Dhcp4Route[];
}

/** Option codes of RFC 2132 and RFC 3442. */
export const DHCP4_OPTION = {
  SUBNET: 1,
  ROUTER: 3,
  DNS: 6,
  HOSTNAME: 12,
  DOMAIN: 15,
  MTU: 26,
  BROADCAST: 28,
  NTP: 42,
  REQUESTED_IP: 50,
  LEASE: 51,
  OVERLOAD: 52,
  TYPE: 53,
  SERVER_ID: 54,
  PARAMETERS: 55,
  MESSAGE: 56,
  MAX_SIZE: 57,
  T1: 58,
  T2: 59,
  CLIENT_ID: 61,
  ROUTES: 121,
} as const;

interface Field<T> {
  readonly code: number;
  readonly read: (bytes: Uint8Array, what: string) => T;
  readonly write: (value: T) => Uint8Array;
}

/** One line an option: its code, how its bytes are read and how they are written. */
const FIELDS: { readonly [K in keyof Dhcp4Options]-?: Field<NonNullable<Dhcp4Options[K]>> } = {
  type: { code: DHCP4_OPTION.TYPE, read: readUint(1), write: writeUint(1) },
  requestedIp: { code: DHCP4_OPTION.REQUESTED_IP, read: readIp, write: parseIpv4 },
  serverId: { code: DHCP4_OPTION.SERVER_ID, read: readIp, write: parseIpv4 },
  prefix: { code: DHCP4_OPTION.SUBNET, read: readMask, write: writeMask },
  routers: { code: DHCP4_OPTION.ROUTER, read: readIps, write: writeIps },
  dns: { code: DHCP4_OPTION.DNS, read: readIps, write: writeIps },
  hostname: { code: DHCP4_OPTION.HOSTNAME, read: readText, write: writeText },
  domain: { code: DHCP4_OPTION.DOMAIN, read: readText, write: writeText },
  mtu: { code: DHCP4_OPTION.MTU, read: readUint(2), write: writeUint(2) },
  broadcast: { code: DHCP4_OPTION.BROADCAST, read: readIp, write: parseIpv4 },
  ntp: { code: DHCP4_OPTION.NTP, read: readIps, write: writeIps },
  leaseSeconds: { code: DHCP4_OPTION.LEASE, read: readUint(4), write: writeUint(4) },
  message: { code: DHCP4_OPTION.MESSAGE, read: readText, write: writeText },
  maxMessageSize: { code: DHCP4_OPTION.MAX_SIZE, read: readUint(2), write: writeUint(2) },
  renewSeconds: { code: DHCP4_OPTION.T1, read: readUint(4), write: writeUint(4) },
  rebindSeconds: { code: DHCP4_OPTION.T2, read: readUint(4), write: writeUint(4) },
  clientId: { code: DHCP4_OPTION.CLIENT_ID, read: (bytes) => bytes.slice(), write: (id) => id },
  routes: { code: DHCP4_OPTION.ROUTES, read: readRoutes, write: writeRoutes },
  parameters: {
    code: DHCP4_OPTION.PARAMETERS,
    read: (bytes) => [...bytes],
    write: (codes) => Uint8Array.from(codes),
  },
};

const PAD = 0;
const END = 255;

/**
 * Adds the options of one area of a message to `found`; a repeated code is joined, as RFC 3396
 * asks. An area may end without the end mark.
 *
 * @throws {RangeError} when an option is longer than its area
 */
export function collectOptions(
  area: Uint8Array,
  name: string,
  found: Map<number, Uint8Array>,
): void {
  for (let at = 0; at < area.length;) {
    const code = area[at++];
    if (code === PAD) continue;
    if (code === undefined || code === END) return;
    const size = area[at++];
    if (size === undefined || size > area.length - at) {
      throw new RangeError(
        `Cannot read DHCP option ${code} in ${name}: length ${size} of ${area.length - at} bytes`,
      );
    }
    const former = found.get(code);
    const value = area.subarray(at, at + size);
    found.set(code, former ? joined(former, value) : value);
    at += size;
  }
}

/** The values of collected options. @throws {RangeError} that names the option which is malformed */
export function readOptions(found: ReadonlyMap<number, Uint8Array>): Dhcp4Options {
  const options: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(FIELDS)) {
    const bytes = found.get(field.code);
    if (bytes && bytes.length > 0) options[name] = field.read(bytes, `DHCP option ${name}`);
  }
  return options as Dhcp4Options;
}

/** The bytes of options with the end mark. @throws {RangeError} when a value does not fit */
export function writeOptions(options: Dhcp4Options): Uint8Array {
  const bytes: number[] = [];
  for (const [name, { code, write }] of Object.entries(FIELDS)) {
    const value = options[name as keyof Dhcp4Options];
    if (value === undefined) continue;
    const written = (write as (value: unknown) => Uint8Array)(value);
    if (written.length > 255) {
      throw new RangeError(`Cannot write DHCP option ${name}: ${written.length} bytes`);
    }
    bytes.push(code, written.length, ...written);
  }
  return Uint8Array.from([...bytes, END]);
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

function exactly(size: number, bytes: Uint8Array, what: string): void {
  if (bytes.length !== size) {
    throw new RangeError(`Cannot read ${what}: ${bytes.length} of ${size} bytes`);
  }
}

function readUint(size: 1 | 2 | 4): (bytes: Uint8Array, what: string) => number {
  return (bytes, what) => {
    exactly(size, bytes, what);
    return bytes.reduce((number, byte) => number * 256 + byte, 0);
  };
}

function writeUint(size: 1 | 2 | 4): (value: number) => Uint8Array {
  return (value) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    return bytes.subarray(4 - size);
  };
}

function readIp(bytes: Uint8Array, what: string): string {
  exactly(4, bytes, what);
  return formatIpv4(bytes);
}

function readIps(bytes: Uint8Array, what: string): string[] {
  if (bytes.length % 4 !== 0) throw new RangeError(`Cannot read ${what}: ${bytes.length} bytes`);
  return Array.from(
    { length: bytes.length / 4 },
    (_, at) => formatIpv4(bytes.subarray(at * 4, at * 4 + 4)),
  );
}

function writeIps(addresses: readonly string[]): Uint8Array {
  return Uint8Array.from(addresses.flatMap((address) => [...parseIpv4(address)]));
}

function readMask(bytes: Uint8Array, what: string): number {
  exactly(4, bytes, what);
  return maskPrefix(bytes);
}

function writeMask(prefix: number): Uint8Array {
  return parseIpv4(networkOf({ address: "255.255.255.255", prefix }).address);
}

/** Some servers end text with zero bytes, which RFC 2132 tells clients to drop. */
function readText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\0+$/, "");
}

function writeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** RFC 3442: prefix length, as many bytes of the destination as it needs, router. */
function readRoutes(bytes: Uint8Array, what: string): Dhcp4Route[] {
  const routes: Dhcp4Route[] = [];
  for (let at = 0; at < bytes.length;) {
    const prefix = bytes[at] ?? 0;
    const significant = Math.ceil(prefix / 8);
    if (prefix > 32 || bytes.length - at < 1 + significant + 4) {
      throw new RangeError(
        `Cannot read ${what}: prefix length ${prefix} in ${bytes.length - at} bytes`,
      );
    }
    const destination = new Uint8Array(4);
    destination.set(bytes.subarray(at + 1, at + 1 + significant));
    const gateway = formatIpv4(bytes.subarray(at + 1 + significant, at + 5 + significant));
    routes.push({ ...networkOf({ address: formatIpv4(destination), prefix }), gateway });
    at += 5 + significant;
  }
  return routes;
}

function writeRoutes(routes: readonly Dhcp4Route[]): Uint8Array {
  return Uint8Array.from(routes.flatMap(({ address, prefix, gateway }) => [
    prefix,
    ...parseIpv4(address).subarray(0, Math.ceil(prefix / 8)),
    ...parseIpv4(gateway),
  ]));
}
