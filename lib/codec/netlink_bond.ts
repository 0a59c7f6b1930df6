import {
  decodeAttributes,
  encodeAttributes,
  type NetlinkAttribute,
  uint32Bytes,
  viewOf,
} from "./netlink.ts";
import { formatMac, parseMac } from "./ip.ts";

/** How an option goes over the wire: IFLA_BOND_*, its size, and the names of its numbers. */
interface Option {
  readonly type: number;
  readonly size: 1 | 2 | 4 | 6;
  readonly names?: readonly string[];
}

/** BOND_MODE_*, each at its number, as the configuration has them. */
export const BOND_MODES = [
  "balance-rr",
  "active-backup",
  "balance-xor",
  "broadcast",
  "802.3ad",
  "balance-tlb",
  "balance-alb",
] as const;

/** In the order of the kernel's numbers; the names are those that the configuration has. */
const OPTIONS = {
  mode: { type: 1, size: 1, names: BOND_MODES },
  miimon: { type: 3, size: 4 },
  updelay: { type: 4, size: 4 },
  downdelay: { type: 5, size: 4 },
  useCarrier: { type: 6, size: 1 },
  arpInterval: { type: 7, size: 4 },
  arpValidate: {
    type: 9,
    size: 4,
    names: ["none", "active", "backup", "all", "filter", "filter_active", "filter_backup"],
  },
  arpAllTargets: { type: 10, size: 4, names: ["any", "all"] },
  primary: { type: 11, size: 4 },
  primaryReselect: { type: 12, size: 1, names: ["always", "better", "failure"] },
  failOverMac: { type: 13, size: 1, names: ["none", "active", "follow"] },
  xmitHashPolicy: {
    type: 14,
    size: 1,
    names: ["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"],
  },
  resendIgmp: { type: 15, size: 4 },
  numPeerNotif: { type: 16, size: 1 },
  allSlavesActive: { type: 17, size: 1 },
  minLinks: { type: 18, size: 4 },
  lpInterval: { type: 19, size: 4 },
  packetsPerSlave: { type: 20, size: 4 },
  lacpRate: { type: 21, size: 1, names: ["slow", "fast"] },
  adSelect: { type: 22, size: 1, names: ["stable", "bandwidth", "count"] },
  adActorSysPrio: { type: 24, size: 2 },
  adUserPortKey: { type: 25, size: 2 },
  adActorSystem: { type: 26, size: 6 },
  tlbDynamicLb: { type: 27, size: 1 },
  peerNotifyDelay: { type: 28, size: 4 },
} as const satisfies Record<string, Option>;

/** An option of a bond, by the name that the configuration has for it. */
export type BondOption = keyof typeof OPTIONS;

/**
 * Options of a bond: names for what the kernel numbers, a hardware address for `adActorSystem`, the
 * index of an interface for `primary`, numbers for the rest.
 */
export type BondOptions = { readonly [option in BondOption]?: string | number };

/** Every option, in the kernel's order. */
export const BOND_OPTIONS = Object.keys(OPTIONS) as BondOption[];

/** The attributes in IFLA_INFO_DATA. @throws {SyntaxError} that names an option and what it may be */
export function encodeBond(options: BondOptions): Uint8Array<ArrayBuffer> {
  const attributes = BOND_OPTIONS.flatMap((name): NetlinkAttribute[] => {
    const value = options[name];
    return value === undefined ? [] : [[OPTIONS[name].type, valueBytes(name, value)]];
  });
  return encodeAttributes(attributes);
}

function valueBytes(name: BondOption, value: string | number): Uint8Array {
  const { size, names }: Option = OPTIONS[name];
  if (size === 6) return parseMac(String(value));
  const number = names ? names.indexOf(String(value)) : value;
  if (typeof number !== "number" || number < 0 || number >= 2 ** (8 * size)) {
    const may = names ? `none of ${names.join(", ")}` : `no number below ${2 ** (8 * size)}`;
    throw new SyntaxError(`Cannot use bond option ${name} ${JSON.stringify(value)}: it is ${may}`);
  }
  return uint32Bytes(number).subarray(0, size);
}

/** Reads IFLA_INFO_DATA of a bond. @throws {RangeError} that names the option */
export function decodeBond(data: Uint8Array): BondOptions {
  const attributes = decodeAttributes(data, "bond");
  const options: { [option in BondOption]?: string | number } = {};
  for (const name of BOND_OPTIONS) {
    const bytes = attributes.get(OPTIONS[name].type);
    if (bytes) options[name] = valueOf(name, bytes);
  }
  return options;
}

function valueOf(name: BondOption, bytes: Uint8Array): string | number {
  const { size, names }: Option = OPTIONS[name];
  if (bytes.length !== size) {
    throw new RangeError(`Cannot read bond option ${name}: ${bytes.length} of ${size} bytes`);
  }
  if (size === 6) return formatMac(bytes);
  const view = viewOf(bytes);
  const number = size === 1
    ? view.getUint8(0)
    : size === 2
    ? view.getUint16(0, true)
    : view.getUint32(0, true);
  // A newer kernel may have numbers that have no name here.
  return names?.[number] ?? number;
}
