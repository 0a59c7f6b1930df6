import { isRefusal, type KubeClient, type KubeObject, TYPES } from "$lib/kube/mod.ts";
import { messageOf, systemClock } from "$lib/service/mod.ts";

/** Marks a node that was cordoned by its own upgrade, and not by somebody else. */
export const CORDONED = "talos.dev/cordoned";
/** A static pod's mirror: only the kubelet's files can end it. */
const MIRROR = "kubernetes.io/config.mirror";

const GRACE_SECONDS = 60;
const RETRY_MS = 2_000;

type Pods = Pick<KubeClient, "find" | "list" | "create">;
type Nodes = Pick<KubeClient, "find" | "patch">;

/** Keeps new pods off a node; one that somebody else has cordoned stays theirs. */
export async function cordon(kube: Nodes, name: string, signal: AbortSignal): Promise<void> {
  const node = await kube.find<KubeObject>(TYPES.nodes, { name }, { signal });
  if (!node || isUnschedulable(node)) return;
  await kube.patch(TYPES.nodes, { name }, {
    metadata: { annotations: { [CORDONED]: "true" } },
    spec: { unschedulable: true },
  }, { signal });
}

/** Lets pods on a node again that cordon() has cordoned. Gives whether it had. */
export async function uncordon(kube: Nodes, name: string, signal: AbortSignal): Promise<boolean> {
  const node = await kube.find<KubeObject>(TYPES.nodes, { name }, { signal });
  if (node?.metadata.annotations?.[CORDONED] !== "true") return false;
  await kube.patch(TYPES.nodes, { name }, {
    metadata: { annotations: { [CORDONED]: null } },
    spec: { unschedulable: null },
  }, { signal });
  return true;
}

/** How long the API server may give no list of pods, milliseconds: a drain without it comes to nothing. */
const SILENCE_MS = 30_000;

/**
 * Evicts the pods of a node and waits until they are gone. Budgets for disruption are kept: an
 * eviction that they refuse is asked for again, as is one that fails; the other pods go meanwhile. Pods
 * that would come back to the node at once, and those that nobody would start elsewhere, stay.
 *
 * @throws {Error} that names what is left when `signal` fires, or why there is no list of pods
 */
export async function drain(
  kube: Pods,
  name: string,
  { signal, log }: { readonly signal: AbortSignal; readonly log: (line: string) => void },
): Promise<void> {
  let left: readonly KubeObject[] = [];
  let heardMs = performance.now();
  const told = new Set<string>();
  while (!signal.aborted) {
    try {
      const fieldSelector = `spec.nodeName=${name}`;
      const { items } = await kube.list<KubeObject>(TYPES.pods, { fieldSelector }, { signal });
      heardMs = performance.now();
      left = items.filter(isEvictable);
      if (left.length === 0) return;
      for (const pod of left) {
        const fault = await evict(kube, pod, { signal, log });
        if (fault === undefined || signal.aborted || told.has(fault)) continue;
        told.add(fault);
        log(fault);
      }
    } catch (error) {
      if (!signal.aborted && performance.now() - heardMs > SILENCE_MS) throw error;
    }
    await systemClock.sleep(RETRY_MS, signal);
  }
  const names = left.map(nameOf).join(", ");
  throw new Error(`Cannot drain node "${name}" in time: ${names || "its pods"} still run`, {
    cause: signal.reason,
  });
}

/** Whether a pod is to be moved off: not a static one, of a DaemonSet, of nobody, or over. */
export function isEvictable({ metadata, status }: KubeObject): boolean {
  const owners = metadata.ownerReferences ?? [];
  const { phase } = (status ?? {}) as { phase?: string };
  if (phase === "Succeeded" || phase === "Failed") return false;
  if (metadata.annotations?.[MIRROR] !== undefined) return false;
  return owners.length > 0 && !owners.some(({ kind }) => kind === "DaemonSet" || kind === "Node");
}

/** Gives what failed, where that is not the pod's budget. */
async function evict(
  kube: Pods,
  pod: KubeObject,
  { signal, log }: { signal: AbortSignal; log: (line: string) => void },
): Promise<string | undefined> {
  const { name, namespace = "default", deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined) return undefined;
  const eviction = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name, namespace },
    deleteOptions: { gracePeriodSeconds: GRACE_SECONDS },
  };
  try {
    const place = { name, namespace, subresource: "eviction" };
    await kube.create(TYPES.pods, place, eviction, { signal });
    log(`evicted ${nameOf(pod)}`);
  } catch (error) {
    // A budget allows no disruption now; later it may.
    if (isRefusal(error, "NotFound") || isRefusal(error, "TooManyRequests")) return undefined;
    return `cannot evict ${nameOf(pod)} yet: ${messageOf(error)}`;
  }
  return undefined;
}

function isUnschedulable({ spec }: KubeObject): boolean {
  return (spec as { unschedulable?: boolean } | undefined)?.unschedulable === true;
}

function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}
