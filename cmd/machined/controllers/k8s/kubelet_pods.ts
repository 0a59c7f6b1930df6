import type { KubernetesObject } from "$lib/resources/mod.ts";

/** A pod as the kubelet lists it, as far as it is read here. */
export interface KubeletPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status?: KubernetesObject;
}

/** What is known of a static pod. */
export interface KnownStatus {
  readonly status: KubernetesObject;
  readonly ready: boolean;
}

/** Where the kubelet says that it has a pod from. */
const SOURCE = "kubernetes.io/config.source";

/** The statuses of static pods, by `<namespace>/<name>`. */
export function staticPodStatuses(pods: readonly KubeletPod[]): Map<string, KnownStatus> {
  const statuses = new Map<string, KnownStatus>();
  for (const { metadata, status = {} } of pods) {
    if (metadata.annotations?.[SOURCE] !== "file") continue;
    const id = `${metadata.namespace ?? "default"}/${metadata.name}`;
    statuses.set(id, { status, ready: isReady(status) });
  }
  return statuses;
}

/** Whether a pod's status says that it is ready. */
export function isReady({ conditions }: KubernetesObject): boolean {
  return Array.isArray(conditions) &&
    conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
