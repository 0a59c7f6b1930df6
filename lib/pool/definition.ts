import type { KubeObject } from "$lib/kube/mod.ts";
import { CHANNELS, DAYS, FAILURES, PHASES, POOL_KIND, POOLS, poolSpec } from "./pool.ts";

type Schema = Readonly<Record<string, unknown>>;

const DURATION = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$";
const VERSION = "^v?[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?$";
/** A tag cannot hold the plus sign of a build, so a version with one names no image. */
const REPOSITORY = "^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$";
const MAX_NODES = 5_000;

/** The CustomResourceDefinition of pools. */
export function poolDefinition(): KubeObject {
  const [group = "", version = ""] = POOLS.apiVersion.split("/");
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${POOLS.plural}.${group}` },
    spec: {
      group,
      scope: "Cluster",
      names: { kind: POOL_KIND, listKind: "PoolList", plural: POOLS.plural, singular: "pool" },
      versions: [{
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: COLUMNS,
        schema: {
          openAPIV3Schema: {
            description: "Nodes that are upgraded together, one after the other.",
            ...object({
              apiVersion: text(""),
              kind: text(""),
              metadata: { type: "object" },
              spec: SPEC,
              status: STATUS,
            }, ["spec"]),
          },
        },
      }],
    },
  };
}

const condition = (type: string, field: string) =>
  `.status.conditions[?(@.type=="${type}")].${field}`;
const COLUMNS = [
  column("Channel", ".spec.channel"),
  column("Target", ".status.targetVersion"),
  column("Size", ".status.size", "integer"),
  column("Up-To-Date", ".status.upToDate", "integer"),
  column("In-Progress", ".status.inProgress", "integer"),
  column("Ready", condition("Ready", "status")),
  column("Reason", condition("Ready", "reason")),
  { ...column("Message", condition("Ready", "message")), priority: 1 },
  column("Age", ".metadata.creationTimestamp", "date"),
];

function column(name: string, jsonPath: string, type = "string") {
  return { name, type, jsonPath };
}

const DEFAULT = poolSpec();

const SPEC: Schema = {
  ...object({
    version: text("The release that the nodes are to run. Older ones than theirs are taken too.", {
      pattern: VERSION,
      maxLength: 64,
    }),
    channel: text(
      "Instead of a version: the newest tag of the repository. stable counts releases, latest also " +
        "what comes before a release. Nodes that run a newer one stay as they are.",
      { enum: CHANNELS },
    ),
    registry: text("Where a channel's tags are listed, unless it is the repository's own host.", {
      pattern: "^https://[^/]+$",
      maxLength: 255,
    }),
    repository: text("The installer's image without a tag.", {
      ...{ pattern: REPOSITORY, maxLength: 255, default: DEFAULT.repository },
    }),
    nodeSelector: {
      description: "Which nodes belong to the pool; unless told, those whose label " +
        "v1alpha1.upgrade.talos.dev/pool has the pool's name.",
      ...object({
        matchLabels: { type: "object", additionalProperties: { type: "string" } },
        matchExpressions: list(object({
          key: text(""),
          operator: text("", { enum: ["In", "NotIn", "Exists", "DoesNotExist"] }),
          values: list({ type: "string" }),
        }, ["key", "operator"])),
      }),
    },
    concurrency: {
      description:
        "How many nodes may be away at the same time. Nodes that are not Ready or cordoned count.",
      ...{ type: "integer", minimum: 1, maximum: 1_000, default: DEFAULT.concurrency },
    },
    window: {
      description: "When upgrades may begin, in UTC; what has begun goes on to its end.",
      ...object({
        days: list(text("", { enum: DAYS }), { maxItems: DAYS.length }),
        start: text("HH:MM", { pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$" }),
        duration: duration("Up to 24h."),
      }, ["start", "duration"]),
    },
    paused: { description: "Begin nothing.", type: "boolean", default: DEFAULT.paused },
    preserve: {
      description: "Keep what is on EPHEMERAL, the data of etcd among it.",
      ...{ type: "boolean", default: DEFAULT.preserve },
    },
    checkInterval: duration("How often a channel is asked.", DEFAULT.checkInterval),
    timeout: duration("How long a node may take until it is well again.", DEFAULT.timeout),
    healthChecks: {
      description: "When a node counts as upgraded.",
      default: {},
      ...object({
        node: {
          description: "It is Ready, can be scheduled to, and its kubelet tells the new release.",
          ...{ type: "boolean", default: DEFAULT.healthChecks.node },
        },
        services: {
          description: "None of its services is unhealthy.",
          ...{ type: "boolean", default: DEFAULT.healthChecks.services },
        },
        settle: duration("How long all that has to hold.", DEFAULT.healthChecks.settle),
      }),
    },
  }),
  "x-kubernetes-validations": [{
    rule: "has(self.version) != has(self.channel)",
    message: "give either version or channel",
  }],
};

const STATUS: Schema = object({
  observedGeneration: { type: "integer" },
  retry: text(""),
  targetVersion: text(""),
  checkedAt: time(),
  size: { type: "integer" },
  upToDate: { type: "integer" },
  inProgress: { type: "integer" },
  failed: { type: "integer" },
  nodes: list(
    object({
      name: text(""),
      address: text(""),
      version: text(""),
      image: text(""),
      phase: text("", { enum: PHASES }),
      reason: text("", { enum: FAILURES }),
      message: text(""),
      startedAt: time(),
      deadline: time(),
      finishedAt: time(),
      healthySince: time(),
      requests: { type: "integer" },
      before: object({
        ...{ version: text(""), slot: text(""), state: text("") },
        ...{ message: text(""), bootId: text("") },
      }),
    }, ["name", "phase"]),
    {
      ...{ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
      maxItems: MAX_NODES,
    },
  ),
  conditions: list(
    object({
      type: text(""),
      status: text("", { enum: ["True", "False", "Unknown"] }),
      reason: text(""),
      message: text(""),
      lastTransitionTime: time(),
      observedGeneration: { type: "integer" },
    }, ["type", "status"]),
    { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] },
  ),
});

function object(properties: Readonly<Record<string, Schema>>, required?: string[]): Schema {
  return { type: "object", properties, ...(required ? { required } : {}) };
}

function list(items: Schema, more: Schema = {}): Schema {
  return { type: "array", items, ...more };
}

function text(description: string, more: Schema = {}): Schema {
  return { type: "string", ...(description === "" ? {} : { description }), ...more };
}

function time(): Schema {
  return text("", { format: "date-time" });
}

function duration(description: string, fallback?: string): Schema {
  const set = fallback === undefined ? {} : { default: fallback };
  return text(description, { pattern: DURATION, maxLength: 32, ...set });
}
