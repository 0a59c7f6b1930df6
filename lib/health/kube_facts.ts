import type { KubeCondition, KubeNode, KubePod, Members } from "./cluster.ts";

/** The labels that mark a control-plane node, the present one and the one of old. */
const CONTROL_PLANE_LABELS = [
  "node-role.kubernetes.io/control-plane",
  "node-role.kubernetes.io/master",
] as const;

/** Whether a node belongs to the control plane by its labels. */
export function isControlPlaneNode({ metadata }: KubeNode): boolean {
  return CONTROL_PLANE_LABELS.some((label) => metadata.labels?.[label] !== undefined);
}

/** The address that other nodes reach a node by; empty while it has none. */
export function nodeAddress({ status }: KubeNode): string {
  return status?.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "";
}

/** Whether `member` is an address or the name of the node. */
export function isNode({ metadata, status }: KubeNode, member: string): boolean {
  return metadata.name === member ||
    (status?.addresses?.some(({ address }) => address === member) ?? false);
}

/** The members of a cluster as Kubernetes knows them, by address. */
export function membersOf(nodes: readonly KubeNode[]): Members {
  const addresses = (some: readonly KubeNode[]): string[] =>
    some.map(nodeAddress).filter((address) => address !== "");
  return {
    controlPlane: addresses(nodes.filter(isControlPlaneNode)),
    workers: addresses(nodes.filter((node) => !isControlPlaneNode(node))),
  };
}

/** Whether the condition of that type is true. */
export function condition(conditions: readonly KubeCondition[] | undefined, type: string): boolean {
  return conditions?.some((one) => one.type === type && one.status === "True") ?? false;
}

/** Whether a pod runs and answers; one that is being deleted does not count. */
export function podReady({ metadata, status }: KubePod): boolean {
  return metadata.deletionTimestamp === undefined && condition(status?.conditions, "Ready");
}

/** Why a pod is not ready, where its containers tell; empty where they do not. */
export function waitReason({ status }: KubePod): string {
  const containers = [
    ...status?.initContainerStatuses ?? [],
    ...status?.containerStatuses ?? [],
  ];
  for (const { state } of containers) {
    const { reason = "", message = "" } = state?.waiting ?? {};
    // Those that only wait for their turn have no message.
    if (message !== "") return `${reason}: ${message}`;
  }
  return "";
}
