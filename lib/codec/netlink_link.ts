import {
  decodeAttributes,
  encodeAttributes,
  type NetlinkAttribute,
  textBytes,
  textOf,
  uint32Bytes,
  uint32Of,
  viewOf,
} from "./netlink.ts";
import { formatMac } from "./ip.ts";

/** A network interface as RTM_NEWLINK tells of it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** ARPHRD_*: 1 is ethernet, 772 loopback. */
  readonly type: number;
  /** IFF_* bits. */
  readonly flags: number;
  readonly mtu: number;
  /** Hardware address, empty when the interface has none. */
  readonly mac: string;
  /** How often the carrier was lost. */
  readonly carrierLosses: number;
  /** What made a virtual interface, e.g. `veth`; absent for hardware. */
  readonly kind?: string;
  /** Index of the bridge or bond it belongs to. */
  readonly master?: number;
}

/** Link flags of `<linux/if.h>`. */
export const IFF = {
  UP: 0x1,
  BROADCAST: 0x2,
  LOOPBACK: 0x8,
  POINTOPOINT: 0x10,
  RUNNING: 0x40,
  MULTICAST: 0x1000,
  LOWER_UP: 0x10000,
} as const;

/** Hardware types of `<linux/if_arp.h>`. */
export const ARPHRD = { ETHER: 1, LOOPBACK: 772 } as const;

const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  MASTER: 10,
  LINKINFO: 18,
  CARRIER_DOWN_COUNT: 48,
} as const;
const IFLA_INFO_KIND = 1;
/** `struct ifinfomsg`: family u8 @0, type u16 @2, index i32 @4, flags u32 @8, change u32 @12. */
const IFINFOMSG_SIZE = 16;

/** Reads the payload of RTM_NEWLINK or RTM_DELLINK. @throws {RangeError} that names the field */
export function decodeLink(payload: Uint8Array): Link {
  if (payload.length < IFINFOMSG_SIZE) {
    throw new RangeError(`Cannot read link: ${payload.length} of ${IFINFOMSG_SIZE} bytes`);
  }
  const view = viewOf(payload);
  const attributes = decodeAttributes(payload.subarray(IFINFOMSG_SIZE), "link");
  const mac = attributes.get(IFLA.ADDRESS);
  const mtu = attributes.get(IFLA.MTU);
  const master = attributes.get(IFLA.MASTER);
  const losses = attributes.get(IFLA.CARRIER_DOWN_COUNT);
  const info = attributes.get(IFLA.LINKINFO);
  const kind = info && decodeAttributes(info, "link info").get(IFLA_INFO_KIND);
  return {
    index: view.getInt32(4, true),
    name: textOf(attributes.get(IFLA.IFNAME) ?? new Uint8Array()),
    type: view.getUint16(2, true),
    flags: view.getUint32(8, true),
    mtu: mtu ? uint32Of(mtu, "link mtu") : 0,
    mac: mac ? formatMac(mac) : "",
    carrierLosses: losses ? uint32Of(losses, "link carrier losses") : 0,
    ...(kind ? { kind: textOf(kind) } : {}),
    ...(master ? { master: uint32Of(master, "link master") } : {}),
  };
}

/** What a change of a link sets; what is absent stays. */
export interface LinkChange {
  readonly index: number;
  readonly up?: boolean;
  readonly mtu?: number;
}

/** The payload of an RTM_NEWLINK request that changes an existing link. */
export function encodeLinkChange({ index, up, mtu }: LinkChange): Uint8Array {
  const header = new Uint8Array(IFINFOMSG_SIZE);
  const view = viewOf(header);
  view.setInt32(4, index, true);
  view.setUint32(8, up === true ? IFF.UP : 0, true);
  view.setUint32(12, up === undefined ? 0 : IFF.UP, true);
  const attributes: NetlinkAttribute[] = mtu === undefined ? [] : [[IFLA.MTU, uint32Bytes(mtu)]];
  return concat(header, encodeAttributes(attributes));
}

/** The payload of RTM_GETLINK that dumps every link, or asks for the one called `name`. */
export function encodeLinkQuery(name?: string): Uint8Array {
  const attributes: NetlinkAttribute[] = name === undefined ? [] : [[IFLA.IFNAME, textBytes(name)]];
  return concat(new Uint8Array(IFINFOMSG_SIZE), encodeAttributes(attributes));
}

function concat(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
