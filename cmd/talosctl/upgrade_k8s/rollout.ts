/** The daemon set of kube-proxy as far as its upgrade reads it. */
export interface DaemonSet {
  readonly metadata: { readonly generation?: number };
  readonly spec?: {
    readonly template?: {
      readonly spec?: { readonly containers?: readonly { name: string; image?: string }[] };
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberReady?: number;
  };
}

/** Why a daemon set is not rolled out yet, or undefined when it is. */
export function rolloutFault(set: DaemonSet | undefined, image: string): string | undefined {
  const container = set?.spec?.template?.spec?.containers?.[0];
  if (container?.image !== image) return `waiting, it does not ask for "${image}" yet`;
  const { observedGeneration = 0, desiredNumberScheduled: wanted = 0 } = set?.status ?? {};
  if (observedGeneration < (set?.metadata.generation ?? 0)) return "waiting, it is not seen yet";
  const { updatedNumberScheduled: updated = 0, numberReady: ready = 0 } = set?.status ?? {};
  if (updated < wanted) return `waiting, ${updated} of ${wanted} pods are updated`;
  return ready < wanted ? `waiting, ${ready} of ${wanted} pods are ready` : undefined;
}
