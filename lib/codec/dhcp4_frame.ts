import { formatIpv4, parseIpv4 } from "./ip.ts";

/** A UDP datagram in an IPv4 packet, as an AF_PACKET socket takes and gives it. */
export interface UdpPacket {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** What stands in the checksum field of a datagram that came in. */
export type UdpChecksum = "right" | "wrong" | "none";

const IP_HEADER_SIZE = 20;
const UDP_HEADER_SIZE = 8;
const PROTOCOL_UDP = 17;
const MORE_FRAGMENTS_OR_OFFSET = 0x3fff;

/** The bytes of an IPv4 packet with a UDP datagram, both checksums filled in. */
export function encodeUdpPacket(packet: UdpPacket): Uint8Array<ArrayBuffer> {
  const udpSize = UDP_HEADER_SIZE + packet.payload.length;
  const bytes = new Uint8Array(IP_HEADER_SIZE + udpSize);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x45;
  // Network control: switches under load keep it.
  bytes[1] = 0xc0;
  view.setUint16(2, bytes.length);
  bytes[8] = 64;
  bytes[9] = PROTOCOL_UDP;
  bytes.set(parseIpv4(packet.source), 12);
  bytes.set(parseIpv4(packet.destination), 16);
  view.setUint16(10, internetChecksum(bytes.subarray(0, IP_HEADER_SIZE)));
  view.setUint16(20, packet.sourcePort);
  view.setUint16(22, packet.destinationPort);
  view.setUint16(24, udpSize);
  bytes.set(packet.payload, IP_HEADER_SIZE + UDP_HEADER_SIZE);
  // In UDP zero means "no checksum", so a sum of zero is sent as all ones.
  view.setUint16(26, udpChecksum(bytes.subarray(12, 20), bytes.subarray(IP_HEADER_SIZE)) || 0xffff);
  return bytes;
}

/**
 * Reads an IPv4 packet with a whole UDP datagram; padding behind it is dropped. The UDP checksum is
 * told and not judged: what a sender on the same host hands over has none yet where the device
 * would fill it in.
 *
 * @throws {RangeError} when a header or length does not fit
 * @throws {SyntaxError} when it is not IPv4, not UDP, a fragment, or its header checksum is wrong
 */
export function decodeUdpPacket(bytes: Uint8Array): UdpPacket & { readonly checksum: UdpChecksum } {
  const headerSize = ((bytes[0] ?? 0) & 0x0f) * 4;
  if (bytes.length < IP_HEADER_SIZE || headerSize < IP_HEADER_SIZE || headerSize > bytes.length) {
    throw new RangeError(`Cannot read IPv4 header: ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint16(2);
  if ((bytes[0] ?? 0) >> 4 !== 4) throw new SyntaxError("Cannot read IPv4 packet: other version");
  if (size < headerSize + UDP_HEADER_SIZE || size > bytes.length) {
    throw new RangeError(`Cannot read IPv4 packet: length ${size} of ${bytes.length} bytes`);
  }
  if (internetChecksum(bytes.subarray(0, headerSize)) !== 0) {
    throw new SyntaxError("Cannot read IPv4 packet: header checksum is wrong");
  }
  if (bytes[9] !== PROTOCOL_UDP) throw new SyntaxError(`Cannot read UDP: protocol ${bytes[9]}`);
  if (view.getUint16(6) & MORE_FRAGMENTS_OR_OFFSET) {
    throw new SyntaxError("Cannot read UDP: packet is a fragment");
  }
  const udpSize = view.getUint16(headerSize + 4);
  if (udpSize < UDP_HEADER_SIZE || udpSize > size - headerSize) {
    throw new RangeError(`Cannot read UDP: length ${udpSize} of ${size - headerSize} bytes`);
  }
  const udp = bytes.subarray(headerSize, headerSize + udpSize);
  return {
    source: formatIpv4(bytes.subarray(12, 16)),
    sourcePort: view.getUint16(headerSize),
    destination: formatIpv4(bytes.subarray(16, 20)),
    destinationPort: view.getUint16(headerSize + 2),
    payload: udp.subarray(UDP_HEADER_SIZE),
    checksum: judge(view.getUint16(headerSize + 6), bytes.subarray(12, 20), udp),
  };
}

function judge(sent: number, addresses: Uint8Array, udp: Uint8Array): UdpChecksum {
  if (sent === 0) return "none";
  return udpChecksum(addresses, udp) === 0 ? "right" : "wrong";
}

/** Over pseudo header and datagram; zero when the field inside already holds the right sum. */
function udpChecksum(addresses: Uint8Array, udp: Uint8Array): number {
  const covered = new Uint8Array(12 + udp.length);
  covered.set(addresses);
  covered[9] = PROTOCOL_UDP;
  new DataView(covered.buffer).setUint16(10, udp.length);
  covered.set(udp, 12);
  return internetChecksum(covered);
}

/** The ones' complement sum of RFC 1071; zero over bytes that hold their own checksum. */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
