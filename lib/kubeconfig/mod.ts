/**
 * kubeconfig files: how to reach and log in to a cluster's Kubernetes API, and merging one into
 * another without touching what it does not bring.
 *
 * ```ts
 * import { accessOf, mergeKubeconfig } from "$lib/kubeconfig/mod.ts";
 *
 * const merged = mergeKubeconfig("", "kind: Config\nclusters: [{name: c, cluster: {server: https://c:6443}}]\n", {
 *   onConflict: () => Promise.resolve("rename"),
 * });
 * console.assert((await merged).text.includes("https://c:6443"));
 * console.assert(typeof accessOf === "function");
 * ```
 *
 * @module
 */
export { accessOf, type KubeAccess } from "./access.ts";
export {
  type Component,
  type Decision,
  mergeKubeconfig,
  type MergeOptions,
  type Rename,
  withoutContext,
} from "./merge.ts";
export { withServer } from "./server.ts";
