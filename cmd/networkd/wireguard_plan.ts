import {
  networkOf,
  parseCidr,
  parseIp,
  type WireguardDevice,
  type WireguardPeer,
} from "$lib/codec/mod.ts";
import type { WireguardConfig, WireguardPeerConfig } from "./virtual_settings.ts";

/** Finds the address of a host name; nothing while it is not known. */
export type AddressOf = (host: string) => string | undefined;

/**
 * The tunnel that a configuration asks for.
 *
 * @throws {SyntaxError} that names the peer's field that is none
 */
export function wireguardDevice(
  name: string,
  config: WireguardConfig,
  addressOf: AddressOf,
): WireguardDevice {
  const { privateKey, listenPort, firewallMark, peers } = config;
  return {
    name,
    ...(privateKey === undefined ? {} : { privateKey: clamped(privateKey) }),
    ...(listenPort === undefined ? {} : { listenPort }),
    firewallMark,
    peers: peers.map((peer) => peerOf(peer, addressOf)),
  };
}

function peerOf(peer: WireguardPeerConfig, addressOf: AddressOf): WireguardPeer {
  const { publicKey, keepaliveSeconds } = peer;
  const endpoint = peer.endpoint === undefined ? undefined : endpointOf(peer.endpoint, addressOf);
  return {
    publicKey,
    ...(endpoint ? { endpoint } : {}),
    keepaliveSeconds,
    allowedIps: peer.allowedIps.map((text) => networkOf(parseCidr(text))),
  };
}

function endpointOf(text: string, addressOf: AddressOf): WireguardPeer["endpoint"] {
  const { host, port } = splitEndpoint(text);
  const address = isIp(host) ? host : addressOf(host);
  return address === undefined ? undefined : { address, port };
}

/** Reads `<host>:<port>` or `[<address>]:<port>`. @throws {SyntaxError} when it is none */
export function splitEndpoint(text: string): { readonly host: string; readonly port: number } {
  const [, six, host, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (!(port > 0 && port < 65536)) {
    throw new SyntaxError(`Cannot use endpoint ${JSON.stringify(text)}: it is no <host>:<port>`);
  }
  return { host: six ?? host ?? "", port };
}

/** Whether `text` is an address of either family. */
export function isIp(text: string): boolean {
  try {
    parseIp(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * What to set so that the tunnel is as wanted, or nothing when it is. A peer's endpoint moves with
 * the peer, so a held one is left unless what is wanted (`applied` is its JSON) changed.
 */
export function wireguardChange(
  wanted: WireguardDevice,
  held: WireguardDevice,
  applied: string | undefined,
): WireguardDevice | undefined {
  const keys = new Set(wanted.peers.map(({ publicKey }) => publicKey));
  const gone = held.peers.filter(({ publicKey }) => !keys.has(publicKey))
    .map(({ publicKey }) => ({ publicKey, allowedIps: [], remove: true }));
  const same = applied === JSON.stringify(wanted) && gone.length === 0 && holds(held, wanted);
  return same ? undefined : { ...wanted, peers: [...wanted.peers, ...gone] };
}

function holds(held: WireguardDevice, wanted: WireguardDevice): boolean {
  return (wanted.privateKey === undefined || wanted.privateKey === held.privateKey) &&
    (wanted.listenPort === undefined || wanted.listenPort === held.listenPort) &&
    wanted.firewallMark === held.firewallMark &&
    wanted.peers.every((peer) => {
      const known = held.peers.find(({ publicKey }) => publicKey === peer.publicKey);
      return known !== undefined && known.keepaliveSeconds === peer.keepaliveSeconds &&
        (peer.endpoint === undefined || known.endpoint !== undefined) &&
        allowed(known) === allowed(peer);
    });
}

function allowed({ allowedIps }: WireguardPeer): string {
  return allowedIps.map(({ address, prefix }) => `${address}/${prefix}`).sort().join();
}

/** A private key as the kernel keeps it: with the bits set that the curve asks for (RFC 7748, 5). */
function clamped(key: string): string {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(key)) {
    throw new SyntaxError("Cannot use privateKey: it is not 32 bytes in base64");
  }
  const bytes = Uint8Array.from(atob(key), (char) => char.charCodeAt(0));
  bytes[0] = (bytes[0] ?? 0) & 248;
  bytes[31] = ((bytes[31] ?? 0) & 127) | 64;
  return btoa(String.fromCharCode(...bytes));
}
