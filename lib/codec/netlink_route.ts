import {
  decodeAttributes,
  encodeAttributes,
  type NetlinkAttribute,
  uint32Bytes,
  uint32Of,
  viewOf,
} from "./netlink.ts";
import { formatIp, parseIp } from "./ip.ts";

/** A route as RTM_NEWROUTE tells of it. */
export interface Route {
  /** AF_INET 2 or AF_INET6 10. */
  readonly family: number;
  /** Network address; `0.0.0.0` or `::` with prefix 0 is the default route. */
  readonly destination: string;
  readonly prefix: number;
  readonly gateway?: string;
  /** Index of the interface it leaves by; absent for multipath and unreachable routes. */
  readonly index?: number;
  /** Preferred source address. */
  readonly source?: string;
  readonly metric: number;
  readonly table: number;
  /** RTPROT_*: who set it. */
  readonly protocol: number;
  /** RT_SCOPE_*. */
  readonly scope: number;
  /** RTN_*: 1 is unicast, 2 local, 3 broadcast. */
  readonly type: number;
  readonly flags: number;
}

/** Routing tables. */
export const RT_TABLE = { MAIN: 254, LOCAL: 255 } as const;
/** Who set a route. */
export const RTPROT = { KERNEL: 2, BOOT: 3, STATIC: 4, DHCP: 16 } as const;
/** How far a destination is. */
export const RT_SCOPE = { UNIVERSE: 0, LINK: 253, HOST: 254 } as const;
/** What becomes of packets. */
export const RTN = { UNICAST: 1, LOCAL: 2, BROADCAST: 3 } as const;
/** RTNH_F_ONLINK: the gateway is on the link though no address says so. */
export const RTNH_F_ONLINK = 4;

const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7, TABLE: 15 } as const;
/**
 * `struct rtmsg`: family, dst_len, src_len, tos, table, protocol, scope, type (u8 @0-7), flags u32
 * @8.
 */
const RTMSG_SIZE = 12;
/** RT_TABLE_COMPAT: the number does not fit the byte and stands in RTA_TABLE. */
const TABLE_COMPAT = 252;

/** Reads the payload of RTM_NEWROUTE or RTM_DELROUTE. @throws {RangeError} that names the field */
export function decodeRoute(payload: Uint8Array): Route {
  if (payload.length < RTMSG_SIZE) {
    throw new RangeError(`Cannot read route: ${payload.length} of ${RTMSG_SIZE} bytes`);
  }
  const view = viewOf(payload);
  const attributes = decodeAttributes(payload.subarray(RTMSG_SIZE), "route");
  const number = (type: number, what: string) => {
    const bytes = attributes.get(type);
    return bytes && uint32Of(bytes, what);
  };
  const family = view.getUint8(0);
  const destination = attributes.get(RTA.DST);
  const gateway = attributes.get(RTA.GATEWAY);
  const source = attributes.get(RTA.PREFSRC);
  const index = number(RTA.OIF, "route interface");
  return {
    family,
    destination: destination ? formatIp(destination) : family === 10 ? "::" : "0.0.0.0",
    prefix: view.getUint8(1),
    ...(gateway ? { gateway: formatIp(gateway) } : {}),
    ...(index === undefined ? {} : { index }),
    ...(source ? { source: formatIp(source) } : {}),
    metric: number(RTA.PRIORITY, "route metric") ?? 0,
    table: number(RTA.TABLE, "route table") ?? view.getUint8(4),
    protocol: view.getUint8(5),
    scope: view.getUint8(6),
    type: view.getUint8(7),
    flags: view.getUint32(8, true),
  };
}

/** The payload of RTM_NEWROUTE or RTM_DELROUTE for this route. */
export function encodeRoute(route: Route): Uint8Array {
  const attributes: NetlinkAttribute[] = [];
  if (route.prefix > 0) attributes.push([RTA.DST, parseIp(route.destination)]);
  if (route.gateway) attributes.push([RTA.GATEWAY, parseIp(route.gateway)]);
  if (route.source) attributes.push([RTA.PREFSRC, parseIp(route.source)]);
  if (route.index !== undefined) attributes.push([RTA.OIF, uint32Bytes(route.index)]);
  if (route.metric > 0) attributes.push([RTA.PRIORITY, uint32Bytes(route.metric)]);
  attributes.push([RTA.TABLE, uint32Bytes(route.table)]);
  const tail = encodeAttributes(attributes);
  const bytes = new Uint8Array(RTMSG_SIZE + tail.length);
  const table = route.table > 255 ? TABLE_COMPAT : route.table;
  bytes.set([route.family, route.prefix, 0, 0, table, route.protocol, route.scope, route.type]);
  viewOf(bytes).setUint32(8, route.flags, true);
  bytes.set(tail, RTMSG_SIZE);
  return bytes;
}

/** The payload of RTM_GETROUTE that dumps the routes of a family; 0 means all. */
export function encodeRouteQuery(family = 0): Uint8Array {
  const bytes = new Uint8Array(RTMSG_SIZE);
  bytes[0] = family;
  return bytes;
}
