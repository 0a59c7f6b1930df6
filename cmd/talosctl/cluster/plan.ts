/** Which machines a local cluster has, and how they and this host reach each other. */
import type { GenerateInput } from "$lib/config/mod.ts";
import { type ClusterNetwork, maskOf, nth } from "./network.ts";
import type { CreateOptions } from "./options.ts";
import type { ClusterState, NodeState } from "./state.ts";

/** Most machines of a local cluster: as many as there are loopback addresses to try. */
export const MAX_NODES = 31;

type Sizes = Pick<
  CreateOptions,
  "name" | "masters" | "workers" | "initNode" | "cpus" | "memoryMib" | "diskMib"
>;

/** The machines, control planes first; `freeAddress` gives a loopback address that is not in use. */
export function planNodes(
  options: Sizes,
  { firstMachine }: Pick<ClusterNetwork, "firstMachine">,
  freeAddress: (used: ReadonlySet<string>) => string,
): NodeState[] {
  const used = new Set<string>();
  const { name, masters, workers, initNode } = options;
  const named = [
    ...count(masters).map((n) => ({ name: `${name}-master-${n}`, type: masterType(n, initNode) })),
    ...count(workers).map((n) => ({ name: `${name}-worker-${n}`, type: "join" as const })),
  ];
  return named.map((node, index) => {
    const address = freeAddress(used);
    used.add(address);
    return {
      ...node,
      address,
      ip: nth(firstMachine, index),
      uuid: crypto.randomUUID(),
      cpus: options.cpus,
      memoryBytes: options.memoryMib * 2 ** 20,
      diskBytes: options.diskMib * 2 ** 20,
    };
  });
}

function count(upTo: number): number[] {
  return Array.from({ length: upTo }, (_, index) => index + 1);
}

/** One machine founds the cluster; the others join it. */
function masterType(n: number, initNode: boolean): NodeState["type"] {
  return n === 1 && initNode ? "init" : "controlplane";
}

/** Whether the machines need a network between them. */
export function isShared(nodes: readonly NodeState[]): boolean {
  return nodes.length > 1;
}

/** The control planes among the machines. */
export function mastersOf(nodes: readonly NodeState[]): NodeState[] {
  return nodes.filter(({ type }) => type !== "join");
}

/**
 * The machines in groups, each of which is well before the next one starts. Emulated machines that have
 * more CPUs than their host keep each other from answering in time: of those each control plane is a
 * group, and what it runs is there before others ask for it.
 */
export function stagesOf(
  nodes: readonly NodeState[],
  { emulated, hostCpus }: { readonly emulated: boolean; readonly hostCpus: number },
): NodeState[][] {
  const wanted = nodes.reduce((sum, { cpus }) => sum + cpus, 0);
  if (!emulated || wanted <= hostCpus) return [[...nodes]];
  const masters = mastersOf(nodes);
  const workers = nodes.filter((node) => !masters.includes(node));
  return [...masters.map((node) => [node]), ...workers.length > 0 ? [workers] : []];
}

/** What `cluster show` tells of the network. */
export function networkState(
  name: string,
  { cidr, gateway, mtu }: ClusterNetwork,
  nodes: readonly NodeState[],
): ClusterState["network"] {
  return { name: isShared(nodes) ? name : `${name} (user mode)`, cidr, gateway, mtu };
}

/**
 * Where Kubernetes is reached: by the balancer on the host, which guests see at another address than the
 * host does, or at the first machine itself where there is none. An address that the control planes share
 * is for guests: the host has no way to it.
 */
export function endpoints(
  nodes: readonly NodeState[],
  { gateway, vip }: Pick<ClusterNetwork, "gateway" | "vip">,
  balancerPort: number | undefined,
): { readonly inside: string; readonly outside: string } {
  const shared = vip === undefined ? undefined : `https://${vip}:6443`;
  if (balancerPort !== undefined) {
    return {
      inside: shared ?? `https://${gateway}:${balancerPort}`,
      outside: `https://127.0.0.1:${balancerPort}`,
    };
  }
  const outside = `https://${nodes[0]?.address ?? ""}:6443`;
  // A machine that is alone finds itself at the address that the host has for it.
  const first = isShared(nodes) ? `https://${nodes[0]?.ip ?? ""}:6443` : outside;
  return { inside: shared ?? first, outside };
}

/** Names that certificates have to speak for beside a node's own: those by which the host calls it. */
export function additionalSans(node: NodeState, nodes: readonly NodeState[]): string[] {
  if (node.type === "join") return [node.address];
  const masters = mastersOf(nodes).map(({ address }) => address);
  return [...new Set(isShared(nodes) ? ["127.0.0.1", ...masters] : masters)];
}

/** The kernel argument for a machine's address; one that is alone gets it from QEMU. */
export function addressArgument(
  node: NodeState,
  { gateway, prefix, resolver }: ClusterNetwork,
  nodes: readonly NodeState[],
): string[] {
  if (!isShared(nodes)) return [];
  return [`ip=${node.ip}::${gateway}:${maskOf(prefix)}:${node.name}::off:${resolver}`];
}

/** What a machine's configuration says of its network. */
export function machineNetwork(
  node: NodeState,
  { gateway, nameservers, prefix, vip }: ClusterNetwork,
  nodes: readonly NodeState[],
): NonNullable<GenerateInput["network"]> {
  const { name: hostname } = node;
  const names = nameservers.length === 0 ? { hostname } : { hostname, nameservers };
  if (vip === undefined || node.type === "join") return names;
  // An interface that the configuration names has all that it has from there.
  const addressing = isShared(nodes)
    ? { cidr: `${node.ip}/${prefix}`, routes: [{ network: "0.0.0.0/0", gateway }] }
    : { dhcp: true };
  return { ...names, interfaces: [{ interface: "eth0", mtu: 0, ...addressing, vip: { ip: vip } }] };
}

/** The address of a machine's network card, from its IP address: QEMU's default is the same for all. */
export function cardAddress({ ip }: NodeState): string {
  const bytes = ip.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return ["52", "54", ...bytes].join(":");
}
