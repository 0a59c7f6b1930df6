import { define } from "../definition.ts";

/** What has been applied. */
export interface ManifestStatusSpec {
  readonly manifestsApplied: readonly string[];
}

/** The one resource of its kind. */
export const MANIFESTS_APPLIED = "manifests";

/** Which manifests have been applied. */
export const ManifestStatus = define<ManifestStatusSpec>({
  type: "ManifestStatuses.kubernetes.talos.dev",
  namespace: "controlplane",
});
