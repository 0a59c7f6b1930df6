/** The releases of this machine while it runs: the trial of a new one, and what is told of it. */
import { entryOf, otherSlot } from "$lib/bootloader/mod.ts";
import { isFault, type State } from "$lib/cosi/mod.ts";
import { NODE_UPGRADE, UpgradeStatus, type UpgradeStatusSpec } from "$lib/resources/mod.ts";
import { type Clock, type EventRing, messageOf } from "$lib/service/mod.ts";
import { Code } from "$proto/common/common_pb.ts";
import { SequenceEvent_Action, SequenceEventSchema } from "$proto/machine/machine_pb.ts";
import type { Standing, UpgradeRecord } from "./record.ts";
import type { Slots } from "./slots.ts";

/** What the releases need of the machine. */
export interface ReleasesDeps {
  readonly state: Pick<State, "create" | "update">;
  readonly events: EventRing;
  readonly power: { request(action: "reboot", origin: string): void };
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** How long a release may take to prove itself, milliseconds. */
  readonly trialMs: number;
  /** What a release on trial has yet to achieve, in words; it has proved itself when that is nothing. */
  readonly missing: (
    record: UpgradeRecord | undefined,
    signal: AbortSignal,
  ) => Promise<readonly string[]>;
}

/** How often a release on trial is looked at, milliseconds. */
const LOOK_MS = 2_000;
/** How long the last look may take, milliseconds. */
const ASK_MS = 15_000;
/** How long a machine may take to end once the trial is over, milliseconds. */
const END_MS = 5 * 60_000;

/** What a boot is, as the resource has it. */
const STATES = {
  trial: "trial",
  fellBack: "rolledBack",
  standsIn: "rolledBack",
  settled: "permanent",
} as const;

/** Keeps the trial of the release that runs, until it is permanent or given up. */
export class Releases {
  readonly #deps: ReleasesDeps;
  #slots: Slots | undefined;
  #trial: AbortController | undefined;
  #deadlineMs = Infinity;
  #proving = false;

  constructor(deps: ReleasesDeps) {
    this.#deps = deps;
  }

  /** The slots of the disk that this machine was started from; undefined when from none. */
  get slots(): Slots | undefined {
    return this.#slots;
  }

  /** Whether the release that runs has yet to prove itself. */
  get onTrial(): boolean {
    return this.#trial !== undefined;
  }

  /** Whether the trial failed and the machine should have ended by now: it hangs. */
  get overdue(): boolean {
    return this.#deps.clock.monotonic() > this.#deadlineMs;
  }

  /** Takes up the disk that the machine was started from, and says what this boot is. */
  async open(slots: Slots): Promise<Standing> {
    const { log, events } = this.#deps;
    const standing = await slots.standing();
    this.#slots = slots;
    const version = (await slots.runningEntry())?.version ?? "this release";
    if (standing.kind === "trial") {
      log(`${version} in slot ${name(slots)} is on trial: it stays when it proves itself`);
      this.#begin(version);
    }
    const message = failureOf(standing);
    if (message) {
      log(`${message}; ${version} runs ${standing.kind === "fellBack" ? "again" : "instead"}`);
      events.publish(SequenceEventSchema, {
        sequence: "upgrade",
        action: SequenceEvent_Action.STOP,
        error: { code: Code.FATAL, message: `rolled back to ${version}: ${message}` },
      });
    }
    const record = await slots.record();
    const former = record?.state === "failed"
      ? `the last upgrade, to ${record.version}, failed: ${record.cause ?? "nothing says why"}`
      : "";
    await this.#publish(STATES[standing.kind], message || former);
    return standing;
  }

  /** Waits until the release on trial has proved itself, and makes it permanent. */
  async prove(signal: AbortSignal): Promise<void> {
    const { clock, log, missing } = this.#deps;
    const slots = this.#slots;
    if (!slots || !this.#trial) return;
    const record = await slots.record();
    const over = AbortSignal.any([signal, this.#trial.signal]);
    this.#proving = true;
    let told = "";
    while (!over.aborted) {
      const absent = await missing(record, over);
      if (absent.length === 0) break;
      const text = absent.join("; ");
      if (text !== told) log(`on trial, waiting: ${text}`);
      told = text;
      await clock.sleep(LOOK_MS, over);
    }
    over.throwIfAborted();
    await slots.bless();
    this.#trial.abort();
    this.#trial = undefined;
    this.#deadlineMs = Infinity;
    log(`the release in slot ${name(slots)} has proved itself: it is permanent`);
    await this.#publish("permanent", "");
  }

  /** The machine ends; a release that is on trial goes with it, and why is written down. */
  async end(cause: string): Promise<void> {
    // Its time may be over already: then that is why.
    if (!this.#trial || this.#trial.signal.aborted) return;
    this.#trial.abort();
    await this.#giveUp(cause);
  }

  #begin(version: string): void {
    const { clock, trialMs, power } = this.#deps;
    const trial = this.#trial = new AbortController();
    this.#deadlineMs = clock.monotonic() + trialMs + END_MS;
    clock.sleep(trialMs, trial.signal).then(async () => {
      if (trial.signal.aborted) return;
      const limit = `${Math.round(trialMs / 1000)} s`;
      await this.#giveUp(`not proved within ${limit}: ${(await this.#lacks()).join("; ")}`);
      trial.abort();
      power.request("reboot", `the end of the trial of ${version}`);
    });
  }

  /** What stands against the release, asked once more: a boot that hangs never came to ask. */
  async #lacks(): Promise<readonly string[]> {
    const boot = this.#proving ? [] : ["the boot is not over"];
    try {
      const record = await this.#slots?.record();
      return [...boot, ...await this.#deps.missing(record, AbortSignal.timeout(ASK_MS))];
    } catch (error) {
      return [...boot, `what it lacks cannot be told: ${messageOf(error)}`];
    }
  }

  async #giveUp(cause: string): Promise<void> {
    const { log } = this.#deps;
    log(`the release on trial is given up: ${cause}`);
    try {
      await this.#slots?.giveUp(cause);
    } catch (error) {
      log(`Cannot write down why: ${messageOf(error)}`);
    }
  }

  async #publish(state: UpgradeStatusSpec["state"], message: string): Promise<void> {
    const slots = this.#slots;
    if (!slots) return;
    const entries = await slots.entries();
    const spec: UpgradeStatusSpec = {
      version: entryOf(entries, slots.running)?.version ?? "",
      slot: name(slots),
      state,
      other: entryOf(entries, otherSlot(slots.running))?.version ?? "",
      message,
    };
    try {
      await this.#deps.state.update(UpgradeStatus, NODE_UPGRADE, spec);
    } catch (error) {
      if (!isFault(error, "notFound")) throw error;
      await this.#deps.state.create(UpgradeStatus, NODE_UPGRADE, spec);
    }
  }
}

/** Why another release runs than the one that was to, or nothing. */
function failureOf(standing: Standing): string {
  switch (standing.kind) {
    case "fellBack":
      return `${standing.version} was tried and failed: ${standing.cause}`;
    case "standsIn":
      return `${standing.version} does not come up: ${standing.cause}; it is tried again by the ` +
        "next boot, upgrade to replace it";
    default:
      return "";
  }
}

function name({ running }: Slots): string {
  return running.toUpperCase();
}
