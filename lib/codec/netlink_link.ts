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
import { type BondOptions, decodeBond } from "./netlink_bond.ts";

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
  /** RFC 2863 state: `up`, `down`, `lowerlayerdown` …; absent when the kernel tells none. */
  readonly operState?: string;
  /** A free text that whoever set it up left on it. */
  readonly alias?: string;
  /** Of a VLAN: the index of the link it runs over, and its number. */
  readonly vlan?: { readonly parent: number; readonly id: number };
  /** Of a bond: what it is set to. */
  readonly bond?: BondOptions;
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

/** Attributes of a link. */
export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  OPERSTATE: 16,
  LINKINFO: 18,
  IFALIAS: 20,
  CARRIER_DOWN_COUNT: 48,
} as const;
/** IF_OPER_* by number. */
const OPER_STATES = [
  "unknown",
  "notpresent",
  "down",
  "lowerlayerdown",
  "testing",
  "dormant",
  "up",
] as const;
/** Attributes within IFLA_LINKINFO. */
export const IFLA_INFO = { KIND: 1, DATA: 2 } as const;
/** The attribute within IFLA_INFO_DATA of a VLAN that is its number. */
export const IFLA_VLAN_ID = 1;
/** `struct ifinfomsg`: family u8 @0, type u16 @2, index i32 @4, flags u32 @8, change u32 @12. */
export const IFINFOMSG_SIZE = 16;

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
  const alias = attributes.get(IFLA.IFALIAS);
  const operState = OPER_STATES[attributes.get(IFLA.OPERSTATE)?.[0] ?? -1];
  return {
    index: view.getInt32(4, true),
    name: textOf(attributes.get(IFLA.IFNAME) ?? new Uint8Array()),
    type: view.getUint16(2, true),
    flags: view.getUint32(8, true),
    mtu: mtu ? uint32Of(mtu, "link mtu") : 0,
    mac: mac ? formatMac(mac) : "",
    carrierLosses: losses ? uint32Of(losses, "link carrier losses") : 0,
    ...decodeKind(attributes),
    ...(master ? { master: uint32Of(master, "link master") } : {}),
    ...(operState ? { operState } : {}),
    ...(alias ? { alias: textOf(alias) } : {}),
  };
}

function decodeKind(attributes: Map<number, Uint8Array>): Pick<Link, "kind" | "vlan" | "bond"> {
  const info = decodeAttributes(attributes.get(IFLA.LINKINFO) ?? new Uint8Array(), "link info");
  const kind = textOf(info.get(IFLA_INFO.KIND) ?? new Uint8Array());
  const data = info.get(IFLA_INFO.DATA);
  if (kind === "") return {};
  if (kind === "bond" && data) return { kind, bond: decodeBond(data) };
  const id = kind === "vlan" && data && decodeAttributes(data, "vlan").get(IFLA_VLAN_ID);
  const parent = attributes.get(IFLA.LINK);
  if (!id || !parent) return { kind };
  if (id.length !== 2) throw new RangeError(`Cannot read vlan id: ${id.length} of 2 bytes`);
  const vlan = { parent: uint32Of(parent, "vlan parent"), id: viewOf(id).getUint16(0, true) };
  return { kind, vlan };
}

/** What a change of a link sets; what is absent stays. */
export interface LinkChange {
  readonly index: number;
  readonly up?: boolean;
  readonly mtu?: number;
  /** Index of the bond or bridge it joins; 0 leaves the one it is in. */
  readonly master?: number;
  readonly alias?: string;
}

/** The payload of an RTM_NEWLINK request that changes an existing link. */
export function encodeLinkChange({ index, up, mtu, master, alias }: LinkChange): Uint8Array {
  const header = new Uint8Array(IFINFOMSG_SIZE);
  const view = viewOf(header);
  view.setInt32(4, index, true);
  view.setUint32(8, up === true ? IFF.UP : 0, true);
  view.setUint32(12, up === undefined ? 0 : IFF.UP, true);
  const attributes: NetlinkAttribute[] = [];
  if (mtu !== undefined) attributes.push([IFLA.MTU, uint32Bytes(mtu)]);
  if (master !== undefined) attributes.push([IFLA.MASTER, uint32Bytes(master)]);
  if (alias !== undefined) attributes.push([IFLA.IFALIAS, new TextEncoder().encode(alias)]);
  return concat(header, encodeAttributes(attributes));
}

/** The payload of RTM_DELLINK for the link of this index. */
export function encodeLinkRemoval(index: number): Uint8Array {
  return encodeLinkChange({ index });
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
