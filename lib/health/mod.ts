/**
 * Whether a cluster is well: the checks of `talosctl health` in their order, for who asks from
 * outside and for a node that answers HealthCheck.
 *
 * ```ts
 * import { CHECKS, checkHealth } from "$lib/health/mod.ts";
 *
 * console.assert(CHECKS[0]?.name === "etcd to be healthy");
 * console.assert(typeof checkHealth === "function");
 * ```
 *
 * @module
 */
export { type Check, CHECKS } from "./checks.ts";
export type {
  Cluster,
  KubeCondition,
  KubeNode,
  KubePod,
  KubeReader,
  MachineReader,
  Members,
  ServiceState,
} from "./cluster.ts";
export { checkHealth, type HealthOptions } from "./check_health.ts";
export { bootFinished, type SequenceMark } from "./boot.ts";
export { findMembers, type MemberSources } from "./find_members.ts";
export { kubeReader } from "./kube_reader.ts";
export { untilSilent } from "./until_silent.ts";
export {
  condition,
  isControlPlaneNode,
  isNode,
  membersOf,
  nodeAddress,
  podReady,
} from "./kube_facts.ts";
export { sequenceMarks, serviceState } from "./wire.ts";
