import { humanBytes } from "../output/humanize.ts";
import { isShared } from "./plan.ts";
import type { ClusterState } from "./state.ts";

/** The head of `cluster show`. */
export function clusterRows(state: ClusterState): string[][] {
  const { provisioner, name, network, endpoint } = state;
  return [
    ["PROVISIONER", provisioner],
    ["NAME", name],
    ["NETWORK NAME", network.name],
    ["NETWORK CIDR", network.cidr],
    ["NETWORK GATEWAY", network.gateway],
    ["NETWORK MTU", String(network.mtu)],
    ...endpoint === undefined ? [] : [["KUBERNETES ENDPOINT", endpoint]],
  ];
}

/**
 * The table of nodes in `cluster show`, by name. Of several machines each has an address among them
 * beside that by which this host calls it.
 */
export function clusterNodeRows({ nodes }: ClusterState): string[][] {
  const shared = isShared(nodes);
  const rows = nodes.toSorted((a, b) => a.name < b.name ? -1 : 1).map((node) => [
    node.name,
    node.type,
    ...shared ? [node.ip, node.address] : [node.address],
    node.cpus > 0 ? node.cpus.toFixed(2) : "-",
    node.memoryBytes > 0 ? humanBytes(node.memoryBytes) : "-",
    node.diskBytes > 0 ? humanBytes(node.diskBytes) : "-",
  ]);
  const addresses = shared ? ["IP", "ENDPOINT"] : ["IP"];
  return [["NAME", "TYPE", ...addresses, "CPU", "RAM", "DISK"], ...rows];
}
