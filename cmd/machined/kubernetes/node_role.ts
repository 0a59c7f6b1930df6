import type { KubeObject } from "$lib/kube/mod.ts";

/** Marks a node of the control plane: the label of today and that of old. */
const LABELS = ["node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane"] as const;
/** Keeps workloads off. */
const TAINT = { key: "node-role.kubernetes.io/master", effect: "NoSchedule" } as const;

interface Taint {
  readonly key: string;
  readonly effect: string;
}

/** A patch of a Node; it is refused when the Node has changed since it was read. */
export interface NodePatch {
  readonly metadata: { readonly resourceVersion?: string; readonly labels: Record<string, string> };
  readonly spec: { readonly taints: readonly Taint[] };
}

/** What makes a node be of the control plane, or undefined when it is already. */
export function controlPlanePatch(
  node: KubeObject,
  { schedulable }: { readonly schedulable: boolean },
): NodePatch | undefined {
  const { labels = {}, resourceVersion } = node.metadata;
  const taints = (node.spec as { taints?: readonly Taint[] } | undefined)?.taints ?? [];
  const others = taints.filter(({ key, effect }) => key !== TAINT.key || effect !== TAINT.effect);
  const tainted = others.length < taints.length;
  const missing = LABELS.filter((label) => labels[label] === undefined);
  if (missing.length === 0 && tainted !== schedulable) return undefined;
  return {
    metadata: {
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      labels: Object.fromEntries(missing.map((label) => [label, ""])),
    },
    // A list of taints is replaced as a whole.
    spec: { taints: schedulable ? others : [...others, TAINT] },
  };
}
