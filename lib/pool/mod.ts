/**
 * Pools of nodes that the Talos Controller Manager upgrades: the kind `Pool` of
 * `upgrade.talos.dev/v1alpha1`, its definition for the API server, and the manifests of the program.
 *
 * ```ts
 * import { poolDefinition, poolSpec } from "$lib/pool/mod.ts";
 *
 * console.assert(poolSpec({ version: "v0.2.0" }).concurrency === 1);
 * console.assert(poolDefinition().metadata.name === "pools.upgrade.talos.dev");
 * ```
 *
 * @module
 */
export { poolDefinition } from "./definition.ts";
export {
  CONTROLLER_MANAGER,
  CREDENTIALS,
  type DeploymentOptions,
  HEALTH_PORT,
  managerManifests,
  NAMESPACE,
} from "./manifests.ts";
export {
  type Channel,
  CHANNELS,
  type Condition,
  type Day,
  DAYS,
  type Failure,
  FAILURES,
  imageOf,
  type NodeRecord,
  type Phase,
  PHASES,
  type Pool,
  POOL_KIND,
  POOL_LABEL,
  POOLS,
  type PoolSpec,
  poolSpec,
  type PoolStatus,
  RETRY_ANNOTATION,
  type Window,
} from "./pool.ts";
