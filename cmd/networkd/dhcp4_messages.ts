import {
  classPrefix,
  DHCP4_OPTION,
  DHCP4_TYPE,
  type Dhcp4Message,
  type Dhcp4Options,
  parseIpv4,
  parseMac,
} from "$lib/codec/mod.ts";
import type { Answer, Outgoing } from "./dhcp_state.ts";
import { type Lease, leaseTimes } from "./lease.ts";

/** Everything we heed, so that servers send no more. */
const PARAMETERS = [
  DHCP4_OPTION.SUBNET,
  DHCP4_OPTION.ROUTES,
  DHCP4_OPTION.ROUTER,
  DHCP4_OPTION.DNS,
  DHCP4_OPTION.HOSTNAME,
  DHCP4_OPTION.DOMAIN,
  DHCP4_OPTION.MTU,
  DHCP4_OPTION.LEASE,
  DHCP4_OPTION.SERVER_ID,
  DHCP4_OPTION.T1,
  DHCP4_OPTION.T2,
];
/** What fits an ethernet frame with its headers. */
const MAX_MESSAGE_SIZE = 1472;
const ANY = "0.0.0.0";
const HARDWARE_ETHERNET = 1;

/** The message that asks this for the link with hardware address `mac`. */
export function dhcp4Message(outgoing: Outgoing, mac: string): Dhcp4Message {
  const { clientIp = ANY, options } = wording(outgoing);
  // RFC 2131, table 5: nothing is asked for along with what is given back.
  const asks = options.type === DHCP4_TYPE.DISCOVER || options.type === DHCP4_TYPE.REQUEST;
  return {
    op: "request",
    xid: outgoing.xid,
    secs: outgoing.secs,
    broadcastReply: false,
    clientIp,
    yourIp: ANY,
    relayIp: ANY,
    mac,
    options: {
      ...options,
      clientId: Uint8Array.of(HARDWARE_ETHERNET, ...parseMac(mac)),
      ...(asks ? { parameters: PARAMETERS, maxMessageSize: MAX_MESSAGE_SIZE } : {}),
    },
  };
}

/** What each question is in DHCPv4: RFC 2131, table 5. */
function wording(outgoing: Outgoing): { clientIp?: string; options: Dhcp4Options } {
  const { DISCOVER, REQUEST, DECLINE, RELEASE } = DHCP4_TYPE;
  switch (outgoing.ask) {
    case "discover":
      return { options: { type: DISCOVER } };
    case "request":
    case "decline": {
      const { ask, address, server } = outgoing;
      const type = ask === "request" ? REQUEST : DECLINE;
      return { options: { type, requestedIp: address, serverId: server } };
    }
    case "reboot":
      return { options: { type: REQUEST, requestedIp: outgoing.address } };
    case "renew":
    case "rebind":
      return { clientIp: outgoing.address, options: { type: REQUEST } };
    case "release":
      return {
        clientIp: outgoing.address,
        options: { type: RELEASE, serverId: outgoing.server },
      };
  }
}

/** What a server's message that came at `nowMs` says; nothing when it is of no use. */
export function dhcp4Answer(message: Dhcp4Message, nowMs: number): Answer | undefined {
  const { op, xid, yourIp, options: { type, serverId } } = message;
  if (op !== "reply") return undefined;
  if (type === DHCP4_TYPE.NAK) {
    return { type: "refusal", xid, ...(serverId === undefined ? {} : { server: serverId }) };
  }
  if (serverId === undefined || !isHostAddress(yourIp)) return undefined;
  if (type === DHCP4_TYPE.OFFER) return { type: "offer", xid, address: yourIp, server: serverId };
  const lease = type === DHCP4_TYPE.ACK ? leaseOf(message, nowMs) : undefined;
  return lease && { type: "grant", xid, lease };
}

/** The lease in an acknowledgement that came at `nowMs`, or nothing when it holds no usable one. */
export function leaseOf({ yourIp, options }: Dhcp4Message, nowMs: number): Lease | undefined {
  const { leaseSeconds, serverId, renewSeconds, rebindSeconds } = options;
  if (!isHostAddress(yourIp) || serverId === undefined || !leaseSeconds) return undefined;
  const { hostname, domain, mtu } = options;
  return {
    address: yourIp,
    prefix: options.prefix ?? classPrefix(yourIp),
    server: serverId,
    routers: options.routers ?? [],
    routes: options.routes ?? [],
    dns: options.dns ?? [],
    ...(hostname === undefined ? {} : { hostname }),
    domains: domain === undefined ? [] : [domain],
    ...(mtu === undefined ? {} : { mtu }),
    ...leaseTimes({ leaseSeconds, renewSeconds, rebindSeconds }, nowMs),
  };
}

/** Whether an address can be a host's: not of this network, loopback, multicast or broadcast. */
function isHostAddress(address: string): boolean {
  const [first = 0] = parseIpv4(address);
  return first !== 0 && first !== 127 && first < 224;
}
