import type { KubeObject, LabelSelector, ObjectMeta, ResourceType } from "$lib/kube/mod.ts";
import type { Sight } from "$lib/upgrade/mod.ts";
import { IMAGE_PREFIX } from "$lib/version/mod.ts";

/** Where pools are found. They are not namespaced, as nodes are not. */
export const POOLS: ResourceType = {
  apiVersion: "upgrade.talos.dev/v1alpha1",
  plural: "pools",
  namespaced: false,
};
export const POOL_KIND = "Pool";

/** The label of a node whose value is the name of its pool, where that has no selector. */
export const POOL_LABEL = "v1alpha1.upgrade.talos.dev/pool";

/** A new value of this annotation makes a pool that has stopped go on. */
export const RETRY_ANNOTATION = "v1alpha1.upgrade.talos.dev/retry";

/** `stable` is the newest release, `latest` counts those before a release too. */
export const CHANNELS = ["stable", "latest"] as const;
export type Channel = typeof CHANNELS[number];

export const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;
export type Day = typeof DAYS[number];

/** When upgrades may begin; all times are UTC. */
export interface Window {
  /** Days on which it opens; every day unless told. */
  readonly days?: readonly Day[];
  /** `HH:MM`. */
  readonly start: string;
  /** How long it stays open, up to a day. */
  readonly duration: string;
}

/** What is wanted of a pool, with the defaults filled in. */
export interface PoolSpec {
  readonly version?: string;
  readonly channel?: Channel;
  /** `https://host[:port]` of the registry whose tags a channel is made of; unless told, that of the repository. */
  readonly registry?: string;
  /** The installer's image without a tag. */
  readonly repository: string;
  readonly nodeSelector?: LabelSelector;
  readonly concurrency: number;
  readonly window?: Window;
  readonly paused: boolean;
  /** Whether the nodes keep what is on EPHEMERAL. */
  readonly preserve: boolean;
  readonly checkInterval: string;
  /** How long the upgrade of one node may take until the node is well again. */
  readonly timeout: string;
  readonly healthChecks: {
    /** The node is Ready in Kubernetes, can be scheduled to, and its kubelet tells the new release. */
    readonly node: boolean;
    /** No service of the node is unhealthy. */
    readonly services: boolean;
    /** How long all that has to hold. */
    readonly settle: string;
  };
}

const DEFAULTS: PoolSpec = {
  repository: `${IMAGE_PREFIX}/installer`,
  concurrency: 1,
  paused: false,
  preserve: true,
  checkInterval: "1h",
  timeout: "45m",
  healthChecks: { node: true, services: true, settle: "30s" },
};

/** A spec with the defaults in place of what it does not say. */
export function poolSpec(
  spec: Partial<Omit<PoolSpec, "healthChecks">> & {
    readonly healthChecks?: Partial<PoolSpec["healthChecks"]>;
  } = {},
): PoolSpec {
  return {
    ...DEFAULTS,
    ...spec,
    healthChecks: { ...DEFAULTS.healthChecks, ...spec.healthChecks },
  };
}

/** How the upgrade of a node stands. */
export const PHASES = ["Requested", "Upgrading", "Settling", "Upgraded", "Failed"] as const;
export type Phase = typeof PHASES[number];

/** Why the upgrade of a node failed. */
export const FAILURES = [
  "Refused",
  "InstallFailed",
  "RolledBack",
  "WrongVersion",
  "Unreachable",
  "TimedOut",
  "Unhealthy",
] as const;
export type Failure = typeof FAILURES[number];

/** The upgrade of one node, as it is kept in the status: all that is needed to go on with it. */
export interface NodeRecord {
  readonly name: string;
  readonly address: string;
  /** The release that it is to run. */
  readonly version: string;
  readonly image: string;
  readonly phase: Phase;
  readonly reason?: Failure;
  readonly message: string;
  readonly startedAt: string;
  readonly deadline: string;
  readonly finishedAt?: string;
  /** Since when every check holds. */
  readonly healthySince?: string;
  /** How often the node was asked to upgrade. */
  readonly requests: number;
  /** The node as it was before. */
  readonly before?: Sight;
}

/** A condition of a pool. */
export interface Condition {
  readonly type: "Ready" | "Stopped" | "Resolved";
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
}

/** What is known of a pool. */
export interface PoolStatus {
  readonly observedGeneration: number;
  /** The value of the annotation that was acted on. */
  readonly retry?: string;
  /** The release that the nodes are to run. */
  readonly targetVersion?: string;
  /** When the channel was last asked. */
  readonly checkedAt?: string;
  readonly size: number;
  readonly upToDate: number;
  readonly inProgress: number;
  readonly failed: number;
  readonly nodes: readonly NodeRecord[];
  readonly conditions: readonly Condition[];
}

/** A pool as the API server has it. */
export interface Pool extends KubeObject {
  readonly metadata: ObjectMeta & { readonly generation?: number; readonly uid?: string };
  readonly spec: Partial<PoolSpec>;
  readonly status?: Partial<PoolStatus>;
}

/** The installer that brings a release. */
export function imageOf({ repository }: Pick<PoolSpec, "repository">, version: string): string {
  return `${repository}:${version}`;
}
