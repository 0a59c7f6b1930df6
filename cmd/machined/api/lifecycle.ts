import { Code, ConnectError } from "@connectrpc/connect";
import { SlotError } from "$lib/bootloader/mod.ts";
import { messageOf, systemClock } from "$lib/service/mod.ts";
import type { Turn } from "../etcd/quorum.ts";
import type { VerifiedInstaller } from "../release/installer.ts";
import type { StagedUpgrade, UpgradeRecord } from "../release/record.ts";
import type { Slots } from "../release/slots.ts";
import { RESET_LABELS } from "../release/wipe.ts";
import { LockedError, type Sequence, type Turn as SequenceTurn } from "../sequences/engine.ts";
import type { ResetOrder } from "../sequences/reset.ts";
import type { LeaveOrder } from "../sequences/upgrade.ts";
import type { UpgradeOrder } from "../tasks/upgrade.ts";
import type { MachineApi } from "./_impl.ts";
import type { PowerDeps } from "./power.ts";

/** What the end of a release, and of a machine's data, needs. */
export interface LifecycleDeps extends PowerDeps {
  readonly releases: { readonly slots: Slots | undefined };
  readonly installer: {
    fetch(image: string, signal: AbortSignal): Promise<VerifiedInstaller>;
    forget(reference: string): Promise<void>;
  };
  /** The installer that the configuration names. */
  readonly installImage: () => string;
  /** What the machine has achieved so far. */
  readonly achieved: (
    signal: AbortSignal,
  ) => Promise<Pick<UpgradeRecord, "services" | "node">>;
  /** Takes the cluster's turn; undefined where the machine has no member of etcd. */
  readonly takeTurn: (
    options: { readonly preserve: boolean; readonly signal: AbortSignal; readonly waitMs: number },
  ) => Promise<Turn | undefined>;
  /** Throws when the machine's member of etcd, if there is one, cannot leave its cluster. */
  readonly checkLeave: (signal: AbortSignal) => Promise<void>;
  readonly sequencer: {
    readonly busy: boolean;
    run(sequence: Sequence, turn?: SequenceTurn): Promise<void>;
  };
  readonly sequences: {
    upgrade(order: UpgradeOrder & LeaveOrder): Sequence;
    stageUpgrade(order: LeaveOrder): Sequence;
    reset(order: ResetOrder): Sequence;
  };
  readonly log: (line: string) => void;
}

/** How long the turn of the cluster is waited for when the caller does not say, milliseconds. */
const TURN_MS = 2 * 60_000;
const LEAST_TURN_MS = 1_000;
const ANSWER_MS = 5_000;
/** How long a turn that was lost is waited for, and how often it is asked for, milliseconds. */
const TURN_AGAIN_MS = 30 * 60_000;
const TURN_RETRY_MS = 15_000;

/** Upgrades, rolls back and resets the machine. Answers come once nothing stands against it. */
export function lifecycleApi(
  deps: LifecycleDeps,
): MachineApi<"upgrade" | "rollback" | "reset"> {
  let busy = false;
  let resetting = false;
  /** One at a time: there is one installer image, and one other slot. */
  const alone = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    if (busy || deps.sequencer.busy) {
      // Not a refusal of what is asked: callers that wait ask again.
      throw new ConnectError(
        `Cannot ${what}: the machine is busy with something else, try again later`,
        Code.Unavailable,
      );
    }
    busy = true;
    try {
      return await work();
    } finally {
      busy = false;
    }
  };
  return {
    upgrade: ({ image, preserve, stage, force }, { signal, timeoutMs }) =>
      alone("upgrade", async () => {
        const slots = slotsOf(deps, "upgrade");
        const effect = preserve ? "keeps" : "wipes";
        deps.log(`upgrade requested by API: image "${image}", ${effect} EPHEMERAL`);
        const request = { slots, image, preserve, stage, force };
        await startUpgrade(deps, { ...request, signal, timeoutMs });
        return { messages: [{ ack: "Upgrade request received" }] };
      }),
    rollback: () =>
      alone("roll back", async () => {
        const slots = slotsOf(deps, "roll back");
        try {
          const version = await slots.rollback();
          deps.log(`rollback to ${version} requested by API`);
        } catch (error) {
          throw error instanceof SlotError ? refusal(error.message) : error;
        }
        deps.power.request("reboot", "API (rollback)");
        return { messages: [{}] };
      }),
    async reset({ graceful, reboot, systemPartitionsToWipe }, { signal }) {
      if (resetting) throw refusal("Cannot reset: a reset is under way");
      const labels = systemPartitionsToWipe.filter(({ wipe }) => wipe).map(({ label }) => label);
      // No labels mean the whole disk: whoever names partitions does not mean that.
      if (labels.length === 0 && systemPartitionsToWipe.length > 0) {
        throw new ConnectError(
          "Cannot reset: none of the partitions named is to be wiped; set `wipe` of one, or name " +
            "none to wipe the whole disk",
          Code.InvalidArgument,
        );
      }
      const unknown = labels.find((label) => !RESET_LABELS.some((known) => known === label));
      if (unknown !== undefined) {
        throw new ConnectError(`label "${unknown}" is not supported`, Code.InvalidArgument);
      }
      resetting = true;
      try {
        if (graceful) await refusing(() => deps.checkLeave(signal));
        else deps.log("reset is not graceful: etcd's health is not asked for");
      } catch (error) {
        resetting = false;
        throw error;
      }
      deps.log(`reset requested by API: ${labels.join(", ") || "the whole disk"}`);
      run(deps, deps.sequences.reset({ graceful, reboot, labels }), { unlocked: true });
      return { messages: [{}] };
    },
  };
}

interface Request {
  readonly slots: Slots;
  readonly image: string;
  readonly preserve: boolean;
  readonly stage: boolean;
  readonly force: boolean;
  readonly signal: AbortSignal;
  /** What is left of the call's time. */
  readonly timeoutMs: () => number | undefined;
}

async function startUpgrade(deps: LifecycleDeps, request: Request): Promise<void> {
  const { slots, preserve, stage, force, signal, timeoutMs } = request;
  const { installer: installers, sequences } = deps;
  const installer = await refusing(
    () => installers.fetch(request.image || deps.installImage(), signal),
  );
  // A refusal has to reach the caller before the call's time is over.
  const waitMs = Math.max(LEAST_TURN_MS, (timeoutMs() ?? TURN_MS) - ANSWER_MS);
  if (force) {
    deps.log("upgrade is forced: neither etcd's health nor the cluster's turn is asked for");
  }
  let turn = force
    ? undefined
    : await refusing(() => deps.takeTurn({ preserve, signal, waitMs })).catch(async (error) => {
      await installers.forget(installer.reference);
      throw error;
    });
  const keepTurn = async (signal: AbortSignal) => {
    if (turn?.lost.aborted) turn = await takeTurnAgain(deps, { preserve, signal });
  };
  // Kept, it would keep every other control plane from its own upgrade until this one reboots.
  const release = () => turn?.release();
  try {
    const achieved = await deps.achieved(signal);
    if (stage) {
      const staged: StagedUpgrade = { image: installer.reference, preserve, achieved };
      await slots.stage(staged);
      run(deps, sequences.stageUpgrade({ preserve, keepTurn }), {}, async () => {
        release();
        // The machine did not leave its cluster: the next boot must not wipe what it has.
        await slots.takeStaged();
      });
    } else {
      const order = { slots, installer, preserve, achieved, keepTurn };
      run(deps, sequences.upgrade(order), {}, release);
    }
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Waits in line once more: others may be on their way by now, and one of them down. Nothing of this
 * machine has stopped yet, so it is patient.
 *
 * @throws {Error} when it is not its turn within half an hour; the machine reboots as it is then
 */
async function takeTurnAgain(
  { takeTurn, log }: LifecycleDeps,
  { preserve, signal }: { readonly preserve: boolean; readonly signal: AbortSignal },
): Promise<Turn | undefined> {
  const endMs = performance.now() + TURN_AGAIN_MS;
  log("the cluster's turn was lost meanwhile, it is waited for once more");
  while (true) {
    const waitMs = endMs - performance.now();
    try {
      return await takeTurn({ preserve, signal, waitMs });
    } catch (error) {
      signal.throwIfAborted();
      if (endMs - performance.now() < TURN_RETRY_MS) throw error;
      log(`it is not this machine's turn yet: ${messageOf(error)}`);
    }
    await systemClock.sleep(TURN_RETRY_MS, signal);
    signal.throwIfAborted();
  }
}

/** Runs a sequence that ends the machine; when it fails the machine reboots into what it is. */
function run(
  deps: LifecycleDeps,
  sequence: Sequence,
  turn: SequenceTurn,
  undo: () => void | Promise<void> = () => {},
): void {
  deps.sequencer.run(sequence, turn).catch(async (error) => {
    try {
      await undo();
    } catch (fault) {
      deps.log(`Cannot take back ${sequence.name}: ${messageOf(fault)}`);
    }
    if (error instanceof LockedError) return deps.log(error.message);
    deps.log(`${sequence.name} failed: ${messageOf(error)}`);
    deps.power.request("reboot", `${sequence.name} that failed`);
  });
}

function slotsOf({ releases }: LifecycleDeps, what: string): Slots {
  if (releases.slots) return releases.slots;
  throw refusal(
    `Cannot ${what}: this machine was not started from a disk that a release is installed on`,
  );
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    throw new ConnectError(messageOf(error), Code.FailedPrecondition, undefined, undefined, error);
  }
}

function refusal(message: string): ConnectError {
  return new ConnectError(message, Code.FailedPrecondition);
}
