/** Which addresses the network of a local cluster has, and what each is for. */
import { formatIp, isInNetwork, networkOf, parseCidr, parseIp } from "$lib/codec/mod.ts";

/** What a network is asked to be. */
export interface NetworkOptions {
  /** An IPv4 network with its prefix length. */
  readonly cidr: string;
  readonly mtu: number;
  /** Whom the machines ask for names; none leaves them to the host's. */
  readonly nameservers: readonly string[];
  /** Whether the control planes share an address, by which machines reach Kubernetes. */
  readonly useVip: boolean;
}

/** The network that the machines are on. */
export interface ClusterNetwork {
  readonly cidr: string;
  readonly prefix: number;
  /** Where the machines see the host. */
  readonly gateway: string;
  /** Where they find the host's resolvers. */
  readonly resolver: string;
  /** The first machine; the others follow it. */
  readonly firstMachine: string;
  readonly mtu: number;
  readonly nameservers: readonly string[];
  /** The address that the control planes share. */
  readonly vip?: string;
}

/** The network that QEMU has by itself; mirrors of `mkimage registry` are called by its addresses. */
export const DEFAULT_NETWORK: NetworkOptions = {
  cidr: "10.0.2.0/24",
  mtu: 1500,
  nameservers: [],
  useVip: false,
};

/** Where things are, counted from the start of the network: as QEMU has them by itself. */
const PLACES = { gateway: 2, resolver: 3, firstMachine: 15, vip: 50 } as const;
/** A larger network makes no sense; a smaller one has no room for the addresses above. */
const PREFIX = { least: 8, most: 26 } as const;
/** The least that IPv4 promises, and the largest that is usual. */
const MTU = { least: 576, most: 9000 } as const;
/** Networks inside Kubernetes, by what they are for; generated configurations have these. */
const INNER = { "pods": "10.244.0.0/16", "services": "10.96.0.0/12" } as const;

/** @throws {RangeError} that names the flag, its value and what it has to be */
export function planNetwork(options: NetworkOptions): ClusterNetwork {
  const { mtu, nameservers, useVip } = options;
  const { address, prefix } = readNetwork(options.cidr);
  if (!Number.isInteger(mtu) || mtu < MTU.least || mtu > MTU.most) {
    throw new RangeError(
      `Cannot use --mtu ${mtu}: it has to be between ${MTU.least} and ${MTU.most}`,
    );
  }
  for (const server of nameservers) {
    if (isAddress(server)) continue;
    throw new RangeError(`Cannot use --nameservers "${server}": it has to be an IP address`);
  }
  return {
    cidr: `${address}/${prefix}`,
    prefix,
    gateway: nth(address, PLACES.gateway),
    resolver: nth(address, PLACES.resolver),
    firstMachine: nth(address, PLACES.firstMachine),
    mtu,
    nameservers,
    ...(useVip ? { vip: nth(address, PLACES.vip) } : {}),
  };
}

function readNetwork(cidr: string): { readonly address: string; readonly prefix: number } {
  const refused = (why: string) => new RangeError(`Cannot use --cidr "${cidr}": ${why}`);
  let network;
  try {
    network = networkOf(parseCidr(cidr));
  } catch {
    throw refused(`it has to be an IPv4 network such as ${DEFAULT_NETWORK.cidr}`);
  }
  const { address, prefix } = network;
  if (address.includes(":")) throw refused("local clusters have IPv4 networks only");
  if (prefix < PREFIX.least || prefix > PREFIX.most) {
    throw refused(`its prefix length has to be between ${PREFIX.least} and ${PREFIX.most}`);
  }
  const first = parseIp(address)[0] ?? 0;
  if (first === 0 || first === 127 || first >= 224) {
    throw refused("machines cannot have its addresses");
  }
  for (const [whose, inner] of Object.entries(INNER)) {
    const other = parseCidr(inner);
    if (!isInNetwork(address, other) && !isInNetwork(other.address, network)) continue;
    throw refused(`it overlaps ${inner}, which is for the ${whose} of Kubernetes; choose another`);
  }
  return network;
}

function isAddress(text: string): boolean {
  try {
    parseIp(text);
    return true;
  } catch {
    return false;
  }
}

/** The address that is `count` after another. */
export function nth(address: string, count: number): string {
  const bytes = parseIp(address);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(0, view.getUint32(0) + count);
  return formatIp(bytes);
}

/** The network mask of a prefix length. */
export function maskOf(prefix: number): string {
  return networkOf({ address: "255.255.255.255", prefix }).address;
}

/** QEMU's user-mode network with these addresses, as `-netdev` takes it. */
export function userNetwork(
  id: string,
  network: ClusterNetwork,
  forwards: readonly string[],
): string {
  const { cidr, gateway, resolver, firstMachine } = network;
  const addresses = [
    `net=${cidr}`,
    `host=${gateway}`,
    `dns=${resolver}`,
    `dhcpstart=${firstMachine}`,
  ];
  return ["user", `id=${id}`, ...addresses, ...forwards].join(",");
}

/** What a network card is told of the network; one of the usual MTU needs no word. */
export function cardOptions({ mtu }: ClusterNetwork): string {
  return mtu === DEFAULT_NETWORK.mtu ? "" : `,host_mtu=${mtu}`;
}
