/** Events of Kubernetes about pools. */
import { type KubeClient, TYPES } from "$lib/kube/mod.ts";
import { CONTROLLER_MANAGER, type NodeRecord, type Pool } from "$lib/pool/mod.ts";
import { stopMessage } from "./plan.ts";
import { timeOf } from "./progress.ts";

/** Something that users should notice. */
export interface PoolEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: "UpgradeStarted" | "NodeUpgraded" | "NodeFailed";
  readonly message: string;
}

/** Kubernetes refuses longer messages. */
const MAX_MESSAGE = 1024;

/** What happened between two sets of records. `logLine` is the last that a node's log said. */
export function eventsBetween(
  before: readonly NodeRecord[],
  after: readonly NodeRecord[],
  logLine: (node: string) => string | undefined,
): PoolEvent[] {
  return after.flatMap((record): PoolEvent[] => {
    const old = before.find(({ name, startedAt }) =>
      name === record.name && startedAt === record.startedAt
    );
    if (old?.phase === record.phase) return [];
    const { name, version, phase, image } = record;
    if (phase === "Upgraded") {
      return [{ type: "Normal", reason: "NodeUpgraded", message: `${name} runs ${version}` }];
    }
    if (phase === "Failed") {
      const line = logLine(name);
      const last = line === undefined ? "" : `; its log ended with: ${line}`;
      return [{ type: "Warning", reason: "NodeFailed", message: `${stopMessage(record)}${last}` }];
    }
    if (old) return [];
    const message = `${name} to ${version} by ${image}`;
    return [{ type: "Normal", reason: "UpgradeStarted", message }];
  });
}

/** Tells Kubernetes of an event. @throws {KubeError} */
export async function recordEvent(
  kube: Pick<KubeClient, "create">,
  { metadata, apiVersion, kind }: Pool,
  { type, reason, message }: PoolEvent,
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<void> {
  // What is in no namespace has its events there.
  const namespace = "default";
  const { name, uid, resourceVersion } = metadata;
  const [firstTimestamp, lastTimestamp] = [timeOf(now), timeOf(now)];
  await kube.create(TYPES.events, { namespace }, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.${crypto.randomUUID().slice(0, 13)}`, namespace },
    involvedObject: { apiVersion, kind, name, uid, resourceVersion },
    ...{ type, reason, message: message.slice(0, MAX_MESSAGE) },
    ...{ count: 1, firstTimestamp, lastTimestamp },
    source: { component: CONTROLLER_MANAGER },
  }, { signal });
}
