import { formatIpv4, formatMac, parseIpv4, parseMac } from "./ip.ts";

/** An ARP packet for IPv4 over ethernet, without the ethernet header. */
export interface ArpPacket {
  readonly operation: "request" | "reply";
  readonly senderMac: string;
  readonly senderIp: string;
  readonly targetMac: string;
  readonly targetIp: string;
}

/** hardware u16, protocol u16, lengths u8 u8, operation u16, sender and target: MAC and address. */
const SIZE = 28;
/** Ethernet, IPv4, six and four bytes. */
const PREAMBLE = [0, 1, 8, 0, 6, 4];
const OPERATIONS = { request: 1, reply: 2 } as const;

/** The bytes of a packet. */
export function encodeArp(packet: ArpPacket): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SIZE);
  bytes.set(PREAMBLE);
  bytes[7] = OPERATIONS[packet.operation];
  bytes.set(parseMac(packet.senderMac), 8);
  bytes.set(parseIpv4(packet.senderIp), 14);
  bytes.set(parseMac(packet.targetMac), 18);
  bytes.set(parseIpv4(packet.targetIp), 24);
  return bytes;
}

/** Reads a packet; padding may follow. @throws {RangeError|SyntaxError} that names what is wrong */
export function decodeArp(bytes: Uint8Array): ArpPacket {
  if (bytes.length < SIZE) {
    throw new RangeError(`Cannot read ARP packet: ${bytes.length} of ${SIZE} bytes`);
  }
  const operation = bytes[6] === 0 && (bytes[7] === 1 ? "request" : bytes[7] === 2 && "reply");
  if (!operation || PREAMBLE.some((byte, at) => bytes[at] !== byte)) {
    throw new SyntaxError("Cannot read ARP packet: it is none for IPv4 over ethernet");
  }
  return {
    operation,
    senderMac: formatMac(bytes.subarray(8, 14)),
    senderIp: formatIpv4(bytes.subarray(14, 18)),
    targetMac: formatMac(bytes.subarray(18, 24)),
    targetIp: formatIpv4(bytes.subarray(24, 28)),
  };
}

const NOBODY = "00:00:00:00:00:00";

/** Asks whether anyone has `address`, without claiming it (RFC 5227). */
export function arpProbe(mac: string, address: string): ArpPacket {
  return {
    operation: "request",
    senderMac: mac,
    senderIp: "0.0.0.0",
    targetMac: NOBODY,
    targetIp: address,
  };
}

/** Tells everyone on the link that `address` is here now. */
export function arpAnnouncement(mac: string, address: string): ArpPacket {
  return { ...arpProbe(mac, address), senderIp: address };
}

/** Whether a packet shows that another than `mac` has `address`, or is about to take it. */
export function isArpConflict(packet: ArpPacket, mac: string, address: string): boolean {
  if (packet.senderMac === mac) return false;
  const probes = packet.operation === "request" && packet.senderIp === "0.0.0.0";
  return packet.senderIp === address || (probes && packet.targetIp === address);
}
