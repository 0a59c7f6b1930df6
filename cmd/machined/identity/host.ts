import type { MachineConfig } from "$lib/config/mod.ts";
import { clusterNetwork } from "../controllers/config/cluster_network.ts";
import { sharedAddressesOf } from "../etcd/shared_addresses.ts";
import { type HostNames, reachable } from "./names.ts";

const DOMAIN_NAME = "/proc/sys/kernel/domainname";

/** The kernel's hostname with its domain, where it has one: what the node's name in Kubernetes is made of. */
export function fullHostname(): string {
  const domain = Deno.readTextFileSync(DOMAIN_NAME).trim();
  return domain === "" || domain === "(none)" ? Deno.hostname() : `${Deno.hostname()}.${domain}`;
}

/** The kernel's hostname, and the addresses others can reach that are not of the cluster's inner network. */
export function hostNames(config: MachineConfig | undefined): HostNames {
  const addresses = Deno.networkInterfaces().map(({ address }) => address);
  const { podSubnets, serviceSubnets } = config
    ? clusterNetwork(config)
    : { podSubnets: [], serviceSubnets: [] };
  return {
    hostname: Deno.hostname(),
    // A shared address comes and goes: with it every certificate would.
    addresses: reachable(addresses, [
      ...podSubnets,
      ...serviceSubnets,
      ...sharedAddressesOf(config).map((ip) => `${ip}/${ip.includes(":") ? 128 : 32}`),
    ]),
  };
}
