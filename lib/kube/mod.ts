/**
 * A small client of the Kubernetes API over `fetch`: server-side apply, get, list, watch, patch.
 *
 * ```ts
 * import { objectPath, TYPES } from "$lib/kube/mod.ts";
 *
 * const place = { namespace: "kube-system", name: "coredns" };
 * console.assert(
 *   objectPath(TYPES.deployments, place) ===
 *     "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
 * );
 * ```
 *
 * @module
 */
export { type KubeCall, KubeClient, type KubeList, type PatchKind } from "./client.ts";
export { Election, type ElectionOptions } from "./election.ts";
export { isRefusal, KubeError } from "./error.ts";
export { inCluster, type PodFiles } from "./in_cluster.ts";
export { type LabelSelector, selects } from "./label_selector.ts";
export { Mirror, type MirrorOptions } from "./mirror.ts";
export { describeObject, type KubeObject, kubeObject, type ObjectMeta } from "./objects.ts";
export { objectPath, type Place, type ResourceType, TYPES } from "./paths.ts";
export type { KubeEvent, WatchOptions } from "./watch.ts";
