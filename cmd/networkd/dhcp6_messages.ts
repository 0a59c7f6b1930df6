import {
  DHCP6_OPTION,
  DHCP6_TYPE,
  type Dhcp6Identity,
  type Dhcp6Message,
  type Dhcp6Options,
  formatMac,
  parseIpv6,
  parseMac,
} from "$lib/codec/mod.ts";
import type { Answer, Outgoing } from "./dhcp_state.ts";
import { type Lease, leaseTimes } from "./lease.ts";

/** DUID-LL of RFC 8415, 11.4: type 3, hardware type 1. It needs no disk to stay the same. */
const DUID_HEAD = [0, 3, 0, 1];
const REQUESTED = [DHCP6_OPTION.DNS, DHCP6_OPTION.DOMAINS];
const PREFIX = 128;
/** What each question is in DHCPv6. */
const MESSAGE: Readonly<Record<Outgoing["ask"], number>> = {
  discover: DHCP6_TYPE.SOLICIT,
  request: DHCP6_TYPE.REQUEST,
  renew: DHCP6_TYPE.RENEW,
  // A Confirm would ask about the prefix alone, and bring no new times.
  reboot: DHCP6_TYPE.REBIND,
  rebind: DHCP6_TYPE.REBIND,
  release: DHCP6_TYPE.RELEASE,
  decline: DHCP6_TYPE.DECLINE,
};
/** Status of an identity that the server knows nothing of. */
const NO_BINDING = 3;

/** The message that asks this for the link with hardware address `mac`. */
export function dhcp6Message(outgoing: Outgoing, mac: string): Dhcp6Message {
  return {
    type: MESSAGE[outgoing.ask],
    xid: outgoing.xid,
    options: {
      clientId: duidOf(mac),
      ...("server" in outgoing ? { serverId: bytesOf(outgoing.server) } : {}),
      identity: {
        id: identityOf(mac),
        renewSeconds: 0,
        rebindSeconds: 0,
        ...("address" in outgoing
          ? { address: { address: outgoing.address, preferredSeconds: 0, validSeconds: 0 } }
          : {}),
      },
      elapsed: Math.min(outgoing.secs * 100, 0xffff),
      requested: REQUESTED,
    },
  };
}

/** What a message that came to the link with `mac` at `nowMs` says; nothing when it is of no use. */
export function dhcp6Answer(message: Dhcp6Message, mac: string, nowMs: number): Answer | undefined {
  const { type, xid, options } = message;
  const { clientId, serverId, identity } = options;
  if (!clientId || formatMac(clientId) !== formatMac(duidOf(mac)) || !serverId) return undefined;
  if (identity !== undefined && identity.id !== identityOf(mac)) return undefined;
  const server = formatMac(serverId);
  const granted = !options.status && !identity?.status ? usable(identity) : undefined;
  if (type === DHCP6_TYPE.ADVERTISE) {
    return granted && { type: "offer", xid, server, address: granted.address };
  }
  if (type !== DHCP6_TYPE.REPLY) return undefined;
  if (granted) return { type: "grant", xid, lease: leaseOf(granted, server, options, nowMs) };
  return { type: identity?.status === NO_BINDING ? "forgotten" : "refusal", xid, server };
}

function usable(identity: Dhcp6Identity | undefined): Granted | undefined {
  const { address } = identity ?? {};
  if (!identity || !address || address.validSeconds === 0 || !isHostAddress(address.address)) {
    return undefined;
  }
  return { ...address, renewSeconds: identity.renewSeconds, rebindSeconds: identity.rebindSeconds };
}

interface Granted {
  readonly address: string;
  readonly preferredSeconds: number;
  readonly validSeconds: number;
  readonly renewSeconds: number;
  readonly rebindSeconds: number;
}

/** Routes come from router advertisements: DHCPv6 has none. */
function leaseOf(granted: Granted, server: string, options: Dhcp6Options, nowMs: number): Lease {
  const preferredSeconds = Math.min(granted.preferredSeconds, granted.validSeconds);
  return {
    address: granted.address,
    prefix: PREFIX,
    server,
    routers: [],
    routes: [],
    dns: options.dns ?? [],
    domains: options.domains ?? [],
    ...leaseTimes({
      leaseSeconds: granted.validSeconds,
      // RFC 8415, 14.2: left to the client, renew well before the address is deprecated.
      renewSeconds: granted.renewSeconds || preferredSeconds * 0.5,
      rebindSeconds: granted.rebindSeconds || preferredSeconds * 0.8,
    }, nowMs),
  };
}

/** Whether an address can be a host's: neither unspecified, loopback, link-local nor multicast. */
function isHostAddress(address: string): boolean {
  const [first = 0, second = 0] = parseIpv6(address);
  return first !== 0 && first !== 0xff && !(first === 0xfe && (second & 0xc0) === 0x80);
}

function duidOf(mac: string): Uint8Array {
  return Uint8Array.of(...DUID_HEAD, ...parseMac(mac));
}

/** The part of a hardware address that its maker counts up. */
function identityOf(mac: string): number {
  return parseMac(mac).subarray(2).reduce((number, byte) => number * 256 + byte, 0);
}

function bytesOf(duid: string): Uint8Array {
  return Uint8Array.from(duid.split(":"), (byte) => parseInt(byte, 16));
}
