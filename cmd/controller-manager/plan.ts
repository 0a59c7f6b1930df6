/** Which nodes of a pool are upgraded next, and why none where there is none. */
import type { NodeRecord, Pool, PoolSpec, PoolStatus } from "$lib/pool/mod.ts";
import { RETRY_ANNOTATION } from "$lib/pool/mod.ts";
import { compareReleases, parseRelease } from "$lib/version/mod.ts";
import type { Membership, NodeFacts } from "./members.ts";
import { inProgress, timeOf } from "./progress.ts";
import { nextOpening } from "./window.ts";

/** What is known when it is decided what comes next. */
export interface Situation {
  readonly spec: PoolSpec;
  /** The release that the nodes are to run; undefined while no channel tells. */
  readonly target: string | undefined;
  readonly membership: Membership;
  readonly records: readonly NodeRecord[];
  /** Whether a control plane node is being upgraded, in any pool. */
  readonly controlPlaneBusy: boolean;
  readonly now: number;
}

/** Why a pool is as it is: the reason and the message of its condition `Ready`. */
export interface Standing {
  readonly reason:
    | "UpToDate"
    | "Empty"
    | "Unresolved"
    | "Contested"
    | "Stopped"
    | "Paused"
    | "OutsideWindow"
    | "Upgrading"
    | "NodesNotReady"
    | "WaitingForControlPlane"
    | "NotTalos"
    | "Unreachable";
  readonly message: string;
}

/** What comes next. */
export interface Plan {
  readonly start: readonly NodeFacts[];
  readonly standing: Standing;
}

/**
 * The records that still count: all of them, until the pool's spec has changed or somebody asked to
 * go on; then those of upgrades under way.
 */
export function carriedRecords({ metadata, status = {} }: Pool): readonly NodeRecord[] {
  const { nodes = [], observedGeneration, retry = "" } = status;
  const wanted = metadata.annotations?.[RETRY_ANNOTATION] ?? "";
  const same = observedGeneration === metadata.generation && (wanted === "" || wanted === retry);
  return same ? nodes : nodes.filter(inProgress);
}

/** Whether the node needs no upgrade. */
export function isUpToDate(
  { name, version }: NodeFacts,
  { spec, target, records }: Pick<Situation, "spec" | "target" | "records">,
): boolean {
  if (target === undefined) return false;
  const record = records.find((one) => one.name === name);
  if (record && inProgress(record)) return false;
  if (record?.phase === "Upgraded" && record.version === target) return true;
  if (version === target) return true;
  if (spec.channel === undefined) return false;
  const [runs, wanted] = [parseRelease(version), parseRelease(target)];
  return runs !== undefined && wanted !== undefined && compareReleases(runs, wanted) > 0;
}

/** Decides. At no time are more nodes away than the pool allows, and after a failure none is started. */
export function plan(situation: Situation): Plan {
  const { spec, target, membership, records, now } = situation;
  const { members, contested } = membership;
  const none = (reason: Standing["reason"], message: string): Plan => (
    { start: [], standing: { reason, message } }
  );
  const failure = records.find(({ phase }) => phase === "Failed");
  if (failure) return none("Stopped", stopMessage(failure));
  const running = records.filter(inProgress);
  const busy = running.length === 0 ? undefined : none(
    "Upgrading",
    running.map(({ name, version, message }) => `${name} to ${version}: ${message}`).join("; "),
  );
  if (contested.length > 0) {
    return busy ?? none("Contested", `other pools select nodes too: ${contested.join(", ")}`);
  }
  if (target === undefined) {
    return busy ?? none("Unresolved", "it is not known which release the nodes are to run");
  }
  const due = members.filter((node) =>
    !isUpToDate(node, situation) && !running.some(({ name }) => name === node.name)
  );
  if (due.length === 0) {
    return busy ??
      (members.length === 0
        ? none("Empty", "no node belongs to the pool")
        : none("UpToDate", `all nodes run ${target}`));
  }
  const foreign = due.filter(({ version }) => version === "");
  if (foreign.length > 0) {
    return busy ?? none("NotTalos", `do not say which Talos they run: ${names(foreign)}`);
  }
  if (spec.paused) return busy ?? none("Paused", `${due.length} nodes wait`);
  const opens = nextOpening(spec.window, now);
  if (opens !== now) {
    const when = opens === undefined ? "never" : timeOf(opens);
    return busy ?? none("OutsideWindow", `${due.length} nodes wait, the window opens ${when}`);
  }
  return choose(due, running, busy, situation);
}

function choose(
  due: readonly NodeFacts[],
  running: readonly NodeRecord[],
  busy: Plan | undefined,
  { spec, target, membership, controlPlaneBusy }: Situation,
): Plan {
  const unready = spec.healthChecks.node
    ? membership.members.filter((node) =>
      !(node.ready && node.open) && !running.some(({ name }) => name === node.name)
    )
    : [];
  let free = spec.concurrency - running.length - unready.length;
  let planeBusy = controlPlaneBusy;
  const start: NodeFacts[] = [];
  for (const node of due) {
    if (free <= 0 || unready.includes(node) || (node.controlPlane && planeBusy)) continue;
    start.push(node);
    planeBusy ||= node.controlPlane;
    free--;
  }
  if (start.length > 0) {
    const message = `${names(start)} to ${target}`;
    return { start, standing: { reason: "Upgrading", message } };
  }
  if (busy) return busy;
  return unready.length > 0
    ? {
      start,
      standing: { reason: "NodesNotReady", message: `not Ready or cordoned: ${names(unready)}` },
    }
    : {
      start,
      standing: {
        reason: "WaitingForControlPlane",
        message: "a control plane node of another pool is being upgraded",
      },
    };
}

/** What is said of the failure that stopped a pool. */
export function stopMessage({ name, version, reason, message }: NodeRecord): string {
  return `${name} was not upgraded to ${version} (${reason}): ${message}`;
}

/** The value of the annotation that has been acted on. */
export function handledRetry({ metadata, status }: Pool): string | undefined {
  return metadata.annotations?.[RETRY_ANNOTATION] ?? (status as PoolStatus | undefined)?.retry;
}

function names(nodes: readonly NodeFacts[]): string {
  return nodes.map(({ name }) => name).join(", ");
}
