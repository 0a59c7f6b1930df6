/** Which nodes belong to which pool, and what of them decides about an upgrade. */
import { condition, isControlPlaneNode, type KubeNode, nodeAddress } from "$lib/health/mod.ts";
import { type KubeObject, type LabelSelector, selects } from "$lib/kube/mod.ts";
import { type Pool, POOL_LABEL } from "$lib/pool/mod.ts";

/** What the kubelet tells of a node. */
export interface NodeFacts {
  readonly name: string;
  readonly address: string;
  /** The release of Talos; empty on a node that runs something else. */
  readonly version: string;
  readonly ready: boolean;
  /** Whether pods may be scheduled to it. */
  readonly open: boolean;
  readonly controlPlane: boolean;
}

/** The part of a Node that is read here. */
export type FleetNode = KubeNode & {
  readonly status?: { readonly nodeInfo?: { readonly osImage?: string } };
};

/** The parts of a Node that are read here: a node's images alone are many times that. */
export function keptNode({ apiVersion, kind, ...node }: KubeObject): KubeObject & FleetNode {
  const { metadata: { name, labels = {}, resourceVersion = "" }, spec, status } = node as
    & FleetNode
    & {
      readonly metadata: { readonly resourceVersion?: string };
    };
  const { unschedulable = false } = spec ?? {};
  const conditions = (status?.conditions ?? []).filter(({ type }) => type === "Ready")
    .map(({ type, status }) => ({ type, status }));
  const osImage = status?.nodeInfo?.osImage ?? "";
  return {
    ...{ apiVersion, kind, metadata: { name, labels, resourceVersion }, spec: { unschedulable } },
    status: { addresses: status?.addresses ?? [], conditions, nodeInfo: { osImage } },
  };
}

/** The facts of a node; `osImage` is the PRETTY_NAME of its os-release. */
export function nodeFacts(node: FleetNode): NodeFacts {
  const { metadata: { name }, spec, status } = node;
  return {
    name,
    address: nodeAddress(node),
    version: /^Talos \((.+)\)$/.exec(status?.nodeInfo?.osImage ?? "")?.[1] ?? "",
    ready: condition(status?.conditions, "Ready"),
    open: !spec?.unschedulable,
    controlPlane: isControlPlaneNode(node),
  };
}

/** The nodes of a pool, and those of them that another pool wants too. */
export interface Membership {
  readonly members: readonly NodeFacts[];
  /** `node (other pool)` */
  readonly contested: readonly string[];
}

/** Which nodes each pool has, by its name. A node that several want belongs to none. */
export function memberships(
  pools: readonly Pool[],
  nodes: readonly FleetNode[],
): Map<string, Membership> {
  const wanted = nodes.map((node) => ({
    facts: nodeFacts(node),
    by: pools.filter((pool) => selects(selectorOf(pool), node.metadata.labels ?? {}))
      .map(({ metadata }) => metadata.name),
  }));
  return new Map(pools.map(({ metadata: { name } }) => {
    const own = wanted.filter(({ by }) => by.includes(name));
    return [name, {
      members: own.filter(({ by }) => by.length === 1).map(({ facts }) => facts)
        .sort((a, b) => a.name < b.name ? -1 : 1),
      contested: own.filter(({ by }) => by.length > 1).map(({ facts, by }) =>
        `${facts.name} (${by.filter((other) => other !== name).join(", ")})`
      ),
    }];
  }));
}

function selectorOf({ metadata, spec }: Pool): LabelSelector {
  return spec.nodeSelector ?? { matchLabels: { [POOL_LABEL]: metadata.name } };
}
