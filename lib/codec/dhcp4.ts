import { formatIpv4, formatMac, parseIpv4, parseMac } from "./ip.ts";
import {
  collectOptions,
  DHCP4_OPTION,
  type Dhcp4Options,
  readOptions,
  writeOptions,
} from "./dhcp4_options.ts";

/** A DHCPv4 message (RFC 2131) over ethernet; absent addresses are `0.0.0.0`. */
export interface Dhcp4Message {
  readonly op: "request" | "reply";
  /** Transaction id, 32 bits. */
  readonly xid: number;
  /** Seconds since the client began. */
  readonly secs: number;
  /** Whether the client asks for a broadcast answer. */
  readonly broadcastReply: boolean;
  /** The address the client has and answers ARP for. */
  readonly clientIp: string;
  /** The address the server gives. */
  readonly yourIp: string;
  readonly relayIp: string;
  readonly mac: string;
  readonly options: Dhcp4Options;
}

/** Values of option 53. */
export const DHCP4_TYPE = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
} as const;

/** UDP ports of both ends. */
export const DHCP4_PORT = { SERVER: 67, CLIENT: 68 } as const;

/** Byte offsets in a message. */
const AT = {
  op: 0,
  htype: 1,
  hlen: 2,
  xid: 4,
  secs: 8,
  flags: 10,
  ciaddr: 12,
  yiaddr: 16,
  giaddr: 24,
  chaddr: 28,
  sname: 44,
  file: 108,
  cookie: 236,
  options: 240,
} as const;
const COOKIE = 0x63825363;
const ETHERNET = 1;
const BROADCAST = 0x8000;
/** Relays of old drop what is shorter than a BOOTP message. */
const MINIMUM_SIZE = 300;

/** The bytes of a message. @throws {RangeError} when an option does not fit */
export function encodeDhcp4(message: Dhcp4Message): Uint8Array<ArrayBuffer> {
  const options = writeOptions(message.options);
  const bytes = new Uint8Array(Math.max(MINIMUM_SIZE, AT.options + options.length));
  const view = new DataView(bytes.buffer);
  bytes.set([message.op === "request" ? 1 : 2, ETHERNET, 6]);
  view.setUint32(AT.xid, message.xid);
  view.setUint16(AT.secs, Math.min(message.secs, 0xffff));
  view.setUint16(AT.flags, message.broadcastReply ? BROADCAST : 0);
  bytes.set(parseIpv4(message.clientIp), AT.ciaddr);
  bytes.set(parseIpv4(message.yourIp), AT.yiaddr);
  bytes.set(parseIpv4(message.relayIp), AT.giaddr);
  bytes.set(parseMac(message.mac), AT.chaddr);
  view.setUint32(AT.cookie, COOKIE);
  bytes.set(options, AT.options);
  return bytes;
}

/**
 * Reads a message, with options that overflow into the file and server name fields (option 52).
 *
 * @throws {RangeError} that names the field which is missing, too long or of the wrong size
 * @throws {SyntaxError} when it is no DHCP message over ethernet
 */
export function decodeDhcp4(bytes: Uint8Array): Dhcp4Message {
  if (bytes.length < AT.options) {
    throw new RangeError(`Cannot read DHCP message: ${bytes.length} of ${AT.options} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(AT.cookie) !== COOKIE) {
    throw new SyntaxError("Cannot read DHCP message: no magic cookie");
  }
  const op = bytes[AT.op];
  if (op !== 1 && op !== 2) throw new SyntaxError(`Cannot read DHCP message: op ${op}`);
  if (bytes[AT.htype] !== ETHERNET || bytes[AT.hlen] !== 6) {
    throw new SyntaxError(`Cannot read DHCP message: hardware type ${bytes[AT.htype]}`);
  }
  const ip = (at: number) => formatIpv4(bytes.subarray(at, at + 4));
  return {
    op: op === 1 ? "request" : "reply",
    xid: view.getUint32(AT.xid),
    secs: view.getUint16(AT.secs),
    broadcastReply: (view.getUint16(AT.flags) & BROADCAST) !== 0,
    clientIp: ip(AT.ciaddr),
    yourIp: ip(AT.yiaddr),
    relayIp: ip(AT.giaddr),
    mac: formatMac(bytes.subarray(AT.chaddr, AT.chaddr + 6)),
    options: readOptions(allOptions(bytes)),
  };
}

/** The options of every area; RFC 3396 gives the order: options, file, server name. */
function allOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  collectOptions(bytes.subarray(AT.options), "options", found);
  const overload = found.get(DHCP4_OPTION.OVERLOAD);
  if (overload === undefined) return found;
  const areas = overload.length === 1 ? overload[0] : undefined;
  if (areas === undefined || areas < 1 || areas > 3) {
    throw new RangeError(`Cannot read DHCP option overload: ${overload.join(" ")}`);
  }
  if (areas & 1) collectOptions(bytes.subarray(AT.file, AT.cookie), "file", found);
  if (areas & 2) collectOptions(bytes.subarray(AT.sname, AT.file), "server name", found);
  return found;
}
