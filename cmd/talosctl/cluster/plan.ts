/** Which machines a local cluster has, and how they and this host reach each other. */
import type { CreateOptions } from "./options.ts";
import type { ClusterState, NodeState } from "./state.ts";

/** Where the guest sees the host in QEMU's user-mode network. */
export const HOST_FROM_GUEST = "10.0.2.2";
/** The resolver of that network. */
const RESOLVER = "10.0.2.3";
const NETWORK = { cidr: "10.0.2.0/24", gateway: HOST_FROM_GUEST, mtu: 1500 } as const;
const NETMASK = "255.255.255.0";
/** The last byte of the first guest's address: the one that QEMU gives to a guest that is alone. */
const FIRST_GUEST = 15;

/** Most machines of a local cluster: as many as there are loopback addresses to try. */
export const MAX_NODES = 31;

type Sizes = Pick<
  CreateOptions,
  "name" | "masters" | "workers" | "initNode" | "cpus" | "memoryMib" | "diskMib"
>;

/** The machines, control planes first; `freeAddress` gives a loopback address that is not in use. */
export function planNodes(
  options: Sizes,
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
      ip: `10.0.2.${FIRST_GUEST + index}`,
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
export function networkState(name: string, nodes: readonly NodeState[]): ClusterState["network"] {
  return { name: isShared(nodes) ? name : `${name} (user mode)`, ...NETWORK };
}

/**
 * Where Kubernetes is reached: at the one machine itself, which the host finds at the same address, or
 * by the balancer on the host, which guests see at another address than the host does.
 */
export function endpoints(
  nodes: readonly NodeState[],
  balancerPort: number | undefined,
): { readonly inside: string; readonly outside: string } {
  if (balancerPort !== undefined) {
    return {
      inside: `https://${HOST_FROM_GUEST}:${balancerPort}`,
      outside: `https://127.0.0.1:${balancerPort}`,
    };
  }
  const alone = `https://${nodes[0]?.address ?? ""}:6443`;
  return { inside: alone, outside: alone };
}

/** Names that certificates have to speak for beside a node's own: those by which the host calls it. */
export function additionalSans(node: NodeState, nodes: readonly NodeState[]): string[] {
  if (node.type === "join") return [node.address];
  const masters = mastersOf(nodes).map(({ address }) => address);
  return [...new Set(isShared(nodes) ? ["127.0.0.1", ...masters] : masters)];
}

/** The kernel argument for a machine's address; one that is alone gets it from QEMU. */
export function addressArgument(node: NodeState, nodes: readonly NodeState[]): string[] {
  if (!isShared(nodes)) return [];
  const { gateway } = NETWORK;
  return [`ip=${node.ip}::${gateway}:${NETMASK}:${node.name}::off:${RESOLVER}`];
}

/** The address of a machine's network card, from its IP address: QEMU's default is the same for all. */
export function cardAddress({ ip }: NodeState): string {
  const bytes = ip.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return ["52", "54", ...bytes].join(":");
}
