/** What is said of a pool in its status. */
import {
  type Condition,
  type NodeRecord,
  type Pool,
  type PoolSpec,
  type PoolStatus,
  RETRY_ANNOTATION,
} from "$lib/pool/mod.ts";
import type { NodeFacts } from "./members.ts";
import { handledRetry, isUpToDate, type Standing } from "./plan.ts";
import { inProgress, timeOf } from "./progress.ts";

const GO_ON = `change the spec or the annotation ${RETRY_ANNOTATION} to go on`;

/** What a status is made of. */
export interface StatusParts {
  readonly pool: Pool;
  readonly spec: PoolSpec;
  readonly target: Target;
  readonly members: readonly NodeFacts[];
  readonly records: readonly NodeRecord[];
  readonly standing: Standing;
  readonly now: number;
}

/** The release that a pool is to run. */
export interface Target {
  readonly version?: string;
  /** Why it is not known, or not known anew. */
  readonly fault?: string;
  /** When the channel was last asked. */
  readonly checkedAt?: string;
}

/** The whole status; conditions keep the time at which they came about. */
export function poolStatus(parts: StatusParts): PoolStatus {
  const { pool, spec, target, members, records, standing } = parts;
  const retry = handledRetry(pool);
  const names = new Set(members.map(({ name }) => name));
  const kept = records.filter((record) => record.phase !== "Upgraded" || names.has(record.name));
  const situation = { spec, target: target.version, records };
  return {
    observedGeneration: generationOf(pool),
    ...(retry === undefined ? {} : { retry }),
    ...(target.version === undefined ? {} : { targetVersion: target.version }),
    ...(target.checkedAt === undefined ? {} : { checkedAt: target.checkedAt }),
    size: members.length,
    upToDate: members.filter((node) => isUpToDate(node, situation)).length,
    inProgress: kept.filter(inProgress).length,
    failed: kept.filter(({ phase }) => phase === "Failed").length,
    nodes: kept,
    conditions: conditions(parts, standing),
  };
}

function conditions(
  { pool, target, now }: StatusParts,
  { reason, message }: Standing,
): Condition[] {
  const make = (
    type: Condition["type"],
    holds: boolean,
    reason: string,
    message: string,
  ): Condition => {
    const status = holds ? "True" : "False";
    const old = pool.status?.conditions?.find((one) => one.type === type);
    return {
      ...{ type, status, reason, message },
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : timeOf(now),
      observedGeneration: generationOf(pool),
    };
  };
  const stopped = reason === "Stopped";
  const { fault, version } = target;
  return [
    make("Ready", reason === "UpToDate" || reason === "Empty", reason, message),
    stopped
      ? make("Stopped", true, "NodeFailed", `${message}; ${GO_ON}`)
      : make("Stopped", false, "NoFailure", ""),
    fault === undefined && version !== undefined
      ? make("Resolved", true, "Known", "")
      : make("Resolved", false, "Unresolved", fault ?? "nothing has been looked up yet"),
  ];
}

function generationOf({ metadata }: Pool): number {
  return metadata.generation ?? 0;
}
