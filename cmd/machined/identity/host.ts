import type { MachineConfig } from "$lib/config/mod.ts";
import { clusterNetwork } from "../controllers/config/cluster_network.ts";
import { type HostNames, reachable } from "./names.ts";

/** The kernel's hostname, and the addresses others can reach that are not of the cluster's inner network. */
export function hostNames(config: MachineConfig | undefined): HostNames {
  const addresses = Deno.networkInterfaces().map(({ address }) => address);
  const { podSubnets, serviceSubnets } = config
    ? clusterNetwork(config)
    : { podSubnets: [], serviceSubnets: [] };
  return {
    hostname: Deno.hostname(),
    addresses: reachable(addresses, [...podSubnets, ...serviceSubnets]),
  };
}
