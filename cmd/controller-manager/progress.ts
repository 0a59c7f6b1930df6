/** How far the upgrade of a node is, told from the record of it and one more look at the node. */
import type { Failure, NodeRecord, PoolSpec } from "$lib/pool/mod.ts";
import { parseDurationMs } from "$lib/cli/mod.ts";
import { type Sight, verdict } from "$lib/upgrade/mod.ts";
import type { NodeFacts } from "./members.ts";

/** What became of asking a node to upgrade. */
export interface Answer {
  /** `unclear` when the connection broke, so that the node may have heard it, or it is busy. */
  readonly kind: "accepted" | "refused" | "unclear";
  readonly message: string;
}

/** A node as one look shows it. */
export interface Look {
  /** Undefined while it does not answer. */
  readonly sight?: Sight;
  /** Why it does not answer. */
  readonly fault?: string;
  /** What is not well with it. */
  readonly unwell?: string;
  /** What the node said to being asked, once it did. */
  readonly answer?: Answer;
}

/** What a step is judged by. */
export interface StepOptions {
  readonly now: number;
  readonly settleMs: number;
}

/** Whether an upgrade is under way. */
export function inProgress({ phase }: Pick<NodeRecord, "phase">): boolean {
  return phase !== "Upgraded" && phase !== "Failed";
}

/** The record of an upgrade that begins now. */
export function beginning(
  { name, address }: Pick<NodeFacts, "name" | "address">,
  { version, image, before, spec, now }: {
    readonly version: string;
    readonly image: string;
    readonly before: Sight;
    readonly spec: PoolSpec;
    readonly now: number;
  },
): NodeRecord {
  const record = { name, address, version, image, startedAt: timeOf(now), before };
  if (before.version === version) {
    return finished(
      {
        ...{ ...record, phase: "Settling", requests: 0, deadline: timeOf(now) },
        message: "",
      },
      "Upgraded",
      `runs ${version} already`,
      now,
    );
  }
  return {
    ...record,
    phase: "Requested",
    message: `is asked to upgrade to ${version}`,
    deadline: timeOf(now + parseDurationMs(spec.timeout)),
    requests: 1,
  };
}

/** The record after one more look. One that is over stays as it is. */
export function step(record: NodeRecord, look: Look, options: StepOptions): NodeRecord {
  const next = moved(record, look, options);
  if (!inProgress(next) || options.now <= Date.parse(record.deadline)) return next;
  const { reason, message } = overdue(next, look);
  return failed(next, reason, message, options.now);
}

function moved(record: NodeRecord, look: Look, options: StepOptions): NodeRecord {
  switch (record.phase) {
    case "Requested":
      return requested(record, look, options);
    case "Upgrading":
      return upgrading(record, look, options);
    case "Settling":
      return settling(record, look, options);
    default:
      return record;
  }
}

function requested(record: NodeRecord, look: Look, options: StepOptions): NodeRecord {
  const { answer, sight } = look;
  const asked: NodeRecord = { ...record, phase: "Upgrading" };
  if (answer?.kind === "accepted") return { ...asked, message: answer.message };
  if (answer?.kind === "refused") return failed(record, "Refused", answer.message, options.now);
  // Another boot: the upgrade took its course while nobody looked.
  if (sight && sight.bootId !== record.before?.bootId) return upgrading(asked, look, options);
  if (answer) return { ...record, requests: record.requests + 1, message: answer.message };
  return record;
}

function upgrading(record: NodeRecord, look: Look, options: StepOptions): NodeRecord {
  const { sight, fault } = look;
  if (!sight) return { ...record, message: `does not answer: ${fault}` };
  const { kind, text } = verdict(record.before ?? sight, sight, false);
  if (kind === "waiting") return { ...record, message: text };
  if (kind === "failed") {
    const reason = sight.state === "rolledBack" ? "RolledBack" : "InstallFailed";
    return failed(record, reason, text, options.now);
  }
  if (sight.version !== record.version) {
    const message =
      `runs ${sight.version} and not ${record.version}: ${record.image} brings another`;
    return failed(record, "WrongVersion", message, options.now);
  }
  return settling({ ...record, phase: "Settling" }, look, options);
}

function settling(record: NodeRecord, look: Look, options: StepOptions): NodeRecord {
  const { healthySince, ...unsettled } = record;
  if (!look.sight) return { ...unsettled, message: `does not answer: ${look.fault}` };
  if (look.sight.version !== record.version) {
    const message = look.sight.message || `runs ${look.sight.version} again`;
    return failed(unsettled, "RolledBack", message, options.now);
  }
  if (look.unwell !== undefined) return { ...unsettled, message: look.unwell };
  const since = healthySince ?? timeOf(options.now);
  if (options.now - Date.parse(since) >= options.settleMs) {
    return finished(unsettled, "Upgraded", `runs ${record.version}`, options.now);
  }
  return { ...record, healthySince: since, message: "is well, and has to stay so" };
}

function overdue(
  { phase, message }: NodeRecord,
  { sight, fault }: Look,
): { readonly reason: Failure; readonly message: string } {
  const late = `not upgraded in time: ${message}`;
  if (!sight && fault !== undefined) return { reason: "Unreachable", message: late };
  return { reason: phase === "Settling" ? "Unhealthy" : "TimedOut", message: late };
}

function failed(record: NodeRecord, reason: Failure, message: string, now: number): NodeRecord {
  return { ...finished(record, "Failed", message, now), reason };
}

function finished(
  record: NodeRecord,
  phase: "Upgraded" | "Failed",
  message: string,
  now: number,
): NodeRecord {
  const { healthySince: _, before: __, ...rest } = record;
  return { ...rest, phase, message, finishedAt: timeOf(now) };
}

/** A time as Kubernetes has it, in whole seconds. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
