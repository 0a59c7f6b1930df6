import { formatIp, networkOf, parseCidr, parseIp } from "$lib/codec/mod.ts";
import type { MachineConfig } from "$lib/config/mod.ts";

/** The cluster's inner network with what the configuration leaves out. */
export interface ClusterNetwork {
  readonly dnsDomain: string;
  readonly podSubnets: readonly string[];
  readonly serviceSubnets: readonly string[];
}

/** The inner network that a configuration asks for. */
export function clusterNetwork({ cluster }: MachineConfig): ClusterNetwork {
  const { dnsDomain = "", podSubnets = [], serviceSubnets = [] } = cluster.network ?? {};
  return {
    dnsDomain: dnsDomain === "" ? "cluster.local" : dnsDomain,
    podSubnets: podSubnets.length > 0 ? podSubnets : ["10.244.0.0/16"],
    serviceSubnets: serviceSubnets.length > 0 ? serviceSubnets : ["10.96.0.0/12"],
  };
}

/** The first address of each service subnet: the API server's. */
export function apiServerIps({ serviceSubnets }: ClusterNetwork): string[] {
  return serviceSubnets.map((subnet) => nthAddress(subnet, 1));
}

/** The tenth address of each service subnet: the name service's. */
export function dnsServiceIps({ serviceSubnets }: ClusterNetwork): string[] {
  return serviceSubnets.map((subnet) => nthAddress(subnet, 10));
}

/** The address `n` after the first of a subnet. @throws {RangeError} when the subnet has fewer. */
export function nthAddress(subnet: string, n: number): string {
  const { address, prefix } = networkOf(parseCidr(subnet));
  const bytes = parseIp(address);
  const free = bytes.length * 8 - prefix;
  if (free < 31 && n >= 2 ** free) {
    throw new RangeError(`Cannot take address ${n} of "${subnet}": it has ${2 ** free}`);
  }
  let carry = n;
  for (let at = bytes.length - 1; carry > 0 && at >= 0; at--) {
    const sum = (bytes[at] ?? 0) + carry;
    bytes[at] = sum & 255;
    carry = sum >> 8;
  }
  return formatIp(bytes);
}
