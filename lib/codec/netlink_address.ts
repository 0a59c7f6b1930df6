import {
  decodeAttributes,
  encodeAttributes,
  type NetlinkAttribute,
  textBytes,
  textOf,
  uint32Of,
  viewOf,
} from "./netlink.ts";
import { formatIp, parseIp } from "./ip.ts";

/** An address of an interface as RTM_NEWADDR tells of it. */
export interface Address {
  /** AF_INET 2 or AF_INET6 10. */
  readonly family: number;
  readonly index: number;
  readonly address: string;
  readonly prefix: number;
  /** RT_SCOPE_*: 0 is global, 253 link, 254 host. */
  readonly scope: number;
  readonly label?: string;
  readonly broadcast?: string;
  /** Seconds until the kernel takes the address away; absent when it never does. */
  readonly validSeconds?: number;
  /** It may not be used yet: the kernel still looks whether another host has it. */
  readonly tentative?: boolean;
  /** Another host has it. */
  readonly duplicate?: boolean;
  /** Who set it (IFA_PROTO); kernels before 5.18 do not keep it. */
  readonly protocol?: number;
}

const IFA = {
  ADDRESS: 1,
  LOCAL: 2,
  LABEL: 3,
  BROADCAST: 4,
  CACHEINFO: 6,
  PROTO: 11,
} as const;
/** `struct ifaddrmsg`: family u8 @0, prefixlen u8 @1, flags u8 @2, scope u8 @3, index u32 @4. */
const IFADDRMSG_SIZE = 8;
/** `struct ifa_cacheinfo`: preferred u32 @0, valid u32 @4, cstamp u32 @8, tstamp u32 @12. */
const CACHEINFO_SIZE = 16;
const FOREVER = 0xffffffff;
const IFA_F = { DADFAILED: 0x08, TENTATIVE: 0x40 } as const;

/** Reads the payload of RTM_NEWADDR or RTM_DELADDR. @throws {RangeError} that names the field */
export function decodeAddress(payload: Uint8Array): Address {
  if (payload.length < IFADDRMSG_SIZE) {
    throw new RangeError(`Cannot read address: ${payload.length} of ${IFADDRMSG_SIZE} bytes`);
  }
  const view = viewOf(payload);
  const attributes = decodeAttributes(payload.subarray(IFADDRMSG_SIZE), "address");
  // On a point-to-point link IFA_ADDRESS is the peer and IFA_LOCAL the address.
  const address = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
  if (!address) throw new RangeError("Cannot read address: no IFA_ADDRESS");
  const label = attributes.get(IFA.LABEL);
  const broadcast = attributes.get(IFA.BROADCAST);
  const validSeconds = lifetime(attributes.get(IFA.CACHEINFO));
  const protocol = attributes.get(IFA.PROTO)?.[0];
  return {
    family: view.getUint8(0),
    index: view.getUint32(4, true),
    address: formatIp(address),
    prefix: view.getUint8(1),
    scope: view.getUint8(3),
    ...(label ? { label: textOf(label) } : {}),
    ...(broadcast ? { broadcast: formatIp(broadcast) } : {}),
    ...(validSeconds === undefined ? {} : { validSeconds }),
    ...(view.getUint8(2) & IFA_F.TENTATIVE ? { tentative: true } : {}),
    ...(view.getUint8(2) & IFA_F.DADFAILED ? { duplicate: true } : {}),
    ...(protocol === undefined ? {} : { protocol }),
  };
}

function lifetime(cacheInfo: Uint8Array | undefined): number | undefined {
  if (!cacheInfo) return undefined;
  if (cacheInfo.length < CACHEINFO_SIZE) {
    throw new RangeError(`Cannot read address lifetime: ${cacheInfo.length} of 16 bytes`);
  }
  const valid = uint32Of(cacheInfo.subarray(4, 8), "address lifetime");
  return valid === FOREVER ? undefined : valid;
}

/** The payload of RTM_NEWADDR or RTM_DELADDR for this address. */
export function encodeAddress(address: Address): Uint8Array {
  const local = parseIp(address.address);
  const attributes: NetlinkAttribute[] = [[IFA.LOCAL, local], [IFA.ADDRESS, local]];
  if (address.broadcast) attributes.push([IFA.BROADCAST, parseIp(address.broadcast)]);
  if (address.label) attributes.push([IFA.LABEL, textBytes(address.label)]);
  if (address.validSeconds !== undefined) {
    const info = new Uint8Array(CACHEINFO_SIZE);
    const view = viewOf(info);
    view.setUint32(0, address.validSeconds, true);
    view.setUint32(4, address.validSeconds, true);
    attributes.push([IFA.CACHEINFO, info]);
  }
  if (address.protocol !== undefined) {
    attributes.push([IFA.PROTO, Uint8Array.of(address.protocol)]);
  }
  const tail = encodeAttributes(attributes);
  const bytes = new Uint8Array(IFADDRMSG_SIZE + tail.length);
  const view = viewOf(bytes);
  view.setUint8(0, address.family);
  view.setUint8(1, address.prefix);
  view.setUint8(3, address.scope);
  view.setUint32(4, address.index, true);
  bytes.set(tail, IFADDRMSG_SIZE);
  return bytes;
}

/** The payload of RTM_GETADDR that dumps the addresses of a family; 0 means all. */
export function encodeAddressQuery(family = 0): Uint8Array {
  const bytes = new Uint8Array(IFADDRMSG_SIZE);
  bytes[0] = family;
  return bytes;
}
