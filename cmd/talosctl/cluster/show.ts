import { humanBytes } from "../output/humanize.ts";
import type { ClusterState } from "./state.ts";

/** The head of `cluster show`. */
export function clusterRows({ provisioner, name, network }: ClusterState): string[][] {
  return [
    ["PROVISIONER", provisioner],
    ["NAME", name],
    ["NETWORK NAME", network.name],
    ["NETWORK CIDR", network.cidr],
    ["NETWORK GATEWAY", network.gateway],
    ["NETWORK MTU", String(network.mtu)],
  ];
}

/** The table of nodes in `cluster show`, by name. */
export function clusterNodeRows({ nodes }: ClusterState): string[][] {
  const rows = nodes.toSorted((a, b) => a.name < b.name ? -1 : 1).map((node) => [
    node.name,
    node.type,
    node.address,
    node.cpus > 0 ? node.cpus.toFixed(2) : "-",
    node.memoryBytes > 0 ? humanBytes(node.memoryBytes) : "-",
    node.diskBytes > 0 ? humanBytes(node.diskBytes) : "-",
  ]);
  return [["NAME", "TYPE", "IP", "CPU", "RAM", "DISK"], ...rows];
}
