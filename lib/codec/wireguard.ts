import { formatIp, type IpPrefix, parseIp } from "./ip.ts";
import {
  decodeAttributes,
  encodeAttributes,
  listAttributes,
  type NetlinkAttribute,
  NLA_F_NESTED,
  textBytes,
  textOf,
  uint32Bytes,
  uint32Of,
  viewOf,
} from "./netlink.ts";
import { decodeGeneric, encodeGeneric } from "./netlink_generic.ts";
import { AF } from "./netlink_rtm.ts";

/** A WireGuard interface; keys are the base64 that `wg` writes. */
export interface WireguardDevice {
  readonly name: string;
  readonly privateKey?: string;
  readonly listenPort?: number;
  readonly firewallMark?: number;
  readonly peers: readonly WireguardPeer[];
}

/** A peer of a WireGuard interface. */
export interface WireguardPeer {
  readonly publicKey: string;
  readonly endpoint?: { readonly address: string; readonly port: number };
  /** 0 is never. */
  readonly keepaliveSeconds?: number;
  readonly allowedIps: readonly IpPrefix[];
  /** Takes the peer away; only in what is sent. */
  readonly remove?: boolean;
}

/** The generic netlink family's name, and its commands. */
export const WIREGUARD = { family: "wireguard", GET_DEVICE: 0, SET_DEVICE: 1 } as const;

const DEVICE = { IFNAME: 2, PRIVATE_KEY: 3, LISTEN_PORT: 6, FWMARK: 7, PEERS: 8 } as const;
const PEER = { PUBLIC_KEY: 1, FLAGS: 3, ENDPOINT: 4, KEEPALIVE: 5, ALLOWED_IPS: 9 } as const;
const ALLOWED_IP = { FAMILY: 1, ADDRESS: 2, MASK: 3 } as const;
const REMOVE_ME = 1;
const REPLACE_ALLOWED_IPS = 2;
/** `struct sockaddr_in` and `sockaddr_in6`: family u16, port u16 big-endian, address @4 or @8. */
const SOCKADDR = { IN_SIZE: 16, IN6_SIZE: 28, IN_ADDRESS: 4, IN6_ADDRESS: 8 } as const;
const KEY_BYTES = 32;

/** The payload that asks for the interface called `name`. */
export function encodeWireguardQuery(name: string): Uint8Array<ArrayBuffer> {
  return encodeGeneric(WIREGUARD.GET_DEVICE, [[DEVICE.IFNAME, textBytes(name)]]);
}

/**
 * The payload that sets an interface: what is absent stays, a peer's allowed addresses are replaced.
 *
 * @throws {SyntaxError} when a key or address is none
 */
export function encodeWireguard(device: WireguardDevice): Uint8Array<ArrayBuffer> {
  const { name, privateKey, listenPort, firewallMark, peers } = device;
  const attributes: NetlinkAttribute[] = [[DEVICE.IFNAME, textBytes(name)]];
  if (privateKey !== undefined) attributes.push([DEVICE.PRIVATE_KEY, keyBytes(privateKey)]);
  if (listenPort !== undefined) attributes.push([DEVICE.LISTEN_PORT, uint16Bytes(listenPort)]);
  if (firewallMark !== undefined) attributes.push([DEVICE.FWMARK, uint32Bytes(firewallMark)]);
  if (peers.length > 0) attributes.push([DEVICE.PEERS | NLA_F_NESTED, nested(peers, peerOf)]);
  return encodeGeneric(WIREGUARD.SET_DEVICE, attributes);
}

function peerOf({ publicKey, remove, endpoint, keepaliveSeconds, allowedIps }: WireguardPeer) {
  const attributes: NetlinkAttribute[] = [[PEER.PUBLIC_KEY, keyBytes(publicKey)]];
  if (endpoint) attributes.push([PEER.ENDPOINT, socketAddress(endpoint)]);
  if (keepaliveSeconds !== undefined) {
    attributes.push([PEER.KEEPALIVE, uint16Bytes(keepaliveSeconds)]);
  }
  attributes.push([PEER.FLAGS, uint32Bytes(remove ? REMOVE_ME : REPLACE_ALLOWED_IPS)]);
  if (allowedIps.length > 0) {
    attributes.push([PEER.ALLOWED_IPS | NLA_F_NESTED, nested(allowedIps, allowedIpOf)]);
  }
  return attributes;
}

function allowedIpOf({ address, prefix }: IpPrefix): NetlinkAttribute[] {
  const family = address.includes(":") ? AF.INET6 : AF.INET;
  return [
    [ALLOWED_IP.FAMILY, uint16Bytes(family)],
    [ALLOWED_IP.ADDRESS, parseIp(address)],
    [ALLOWED_IP.MASK, Uint8Array.of(prefix)],
  ];
}

/** A list: every element is a nested attribute of type 0. */
function nested<T>(values: readonly T[], attributesOf: (value: T) => NetlinkAttribute[]) {
  return encodeAttributes(
    values.map((value) => [NLA_F_NESTED, encodeAttributes(attributesOf(value))]),
  );
}

function socketAddress({ address, port }: { address: string; port: number }): Uint8Array {
  const six = address.includes(":");
  const bytes = new Uint8Array(six ? SOCKADDR.IN6_SIZE : SOCKADDR.IN_SIZE);
  viewOf(bytes).setUint16(0, six ? AF.INET6 : AF.INET, true);
  viewOf(bytes).setUint16(2, port, false);
  bytes.set(parseIp(address), six ? SOCKADDR.IN6_ADDRESS : SOCKADDR.IN_ADDRESS);
  return bytes;
}

/**
 * The device of the messages of one dump: the kernel tells of many peers in several, and of many
 * addresses of a peer by naming it again.
 *
 * @throws {RangeError} that names the field
 */
export function decodeWireguard(payloads: readonly Uint8Array[]): WireguardDevice {
  let device: WireguardDevice = { name: "", peers: [] };
  const peers = new Map<string, WireguardPeer>();
  for (const payload of payloads) {
    const attributes = decodeAttributes(decodeGeneric(payload).attributes, "wireguard");
    device = { ...device, ...decodeDevice(attributes) };
    const list = attributes.get(DEVICE.PEERS);
    for (const [, bytes] of list ? listAttributes(list, "wireguard peers") : []) {
      const peer = decodePeer(bytes);
      const former = peers.get(peer.publicKey);
      const allowedIps = [...former?.allowedIps ?? [], ...peer.allowedIps];
      peers.set(peer.publicKey, { ...former, ...peer, allowedIps });
    }
  }
  return { ...device, peers: [...peers.values()] };
}

function decodeDevice(attributes: Map<number, Uint8Array>): Omit<WireguardDevice, "peers"> {
  const key = attributes.get(DEVICE.PRIVATE_KEY);
  const port = attributes.get(DEVICE.LISTEN_PORT);
  const mark = attributes.get(DEVICE.FWMARK);
  return {
    name: textOf(attributes.get(DEVICE.IFNAME) ?? new Uint8Array()),
    ...(key ? { privateKey: keyText(key) } : {}),
    ...(port ? { listenPort: uint16Of(port, "wireguard port") } : {}),
    ...(mark ? { firewallMark: uint32Of(mark, "wireguard mark") } : {}),
  };
}

function decodePeer(bytes: Uint8Array): WireguardPeer {
  const attributes = decodeAttributes(bytes, "wireguard peer");
  const key = attributes.get(PEER.PUBLIC_KEY);
  if (!key) throw new RangeError("Cannot read wireguard peer: it has no key");
  const endpoint = attributes.get(PEER.ENDPOINT);
  const keepalive = attributes.get(PEER.KEEPALIVE);
  const list = attributes.get(PEER.ALLOWED_IPS);
  return {
    publicKey: keyText(key),
    ...(endpoint ? { endpoint: readSocketAddress(endpoint) } : {}),
    ...(keepalive ? { keepaliveSeconds: uint16Of(keepalive, "wireguard keepalive") } : {}),
    allowedIps: (list ? listAttributes(list, "wireguard addresses") : [])
      .map(([, allowed]) => decodeAllowedIp(allowed)),
  };
}

function decodeAllowedIp(bytes: Uint8Array): IpPrefix {
  const attributes = decodeAttributes(bytes, "wireguard address");
  const address = attributes.get(ALLOWED_IP.ADDRESS) ?? new Uint8Array();
  return { address: formatIp(address), prefix: attributes.get(ALLOWED_IP.MASK)?.[0] ?? 0 };
}

function readSocketAddress(bytes: Uint8Array): { address: string; port: number } {
  const six = bytes.length === SOCKADDR.IN6_SIZE;
  if (!six && bytes.length !== SOCKADDR.IN_SIZE) {
    throw new RangeError(`Cannot read wireguard endpoint: ${bytes.length} bytes`);
  }
  const address = six
    ? bytes.subarray(SOCKADDR.IN6_ADDRESS, SOCKADDR.IN6_ADDRESS + 16)
    : bytes.subarray(SOCKADDR.IN_ADDRESS, SOCKADDR.IN_ADDRESS + 4);
  return { address: formatIp(address), port: viewOf(bytes).getUint16(2, false) };
}

function keyBytes(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text)) {
    throw new SyntaxError("Cannot use WireGuard key: it is not 32 bytes in base64");
  }
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function keyText(bytes: Uint8Array): string {
  if (bytes.length !== KEY_BYTES) {
    throw new RangeError(`Cannot read wireguard key: ${bytes.length} of ${KEY_BYTES} bytes`);
  }
  return btoa(String.fromCharCode(...bytes));
}

function uint16Bytes(value: number): Uint8Array {
  return uint32Bytes(value).subarray(0, 2);
}

function uint16Of(bytes: Uint8Array, what: string): number {
  if (bytes.length !== 2) throw new RangeError(`Cannot read ${what}: ${bytes.length} of 2 bytes`);
  return viewOf(bytes).getUint16(0, true);
}
