import type { Clock } from "$lib/clock/mod.ts";
import { messageOf, watchHealth } from "./health.ts";
import type { ServiceRecord } from "./record.ts";
import { type RunReport, type Service, SkipService } from "./service.ts";

/** What one supervisor needs. */
export interface SupervisorDeps {
  readonly record: ServiceRecord;
  readonly clock: Clock;
  /** Milliseconds from a failure to the next start. */
  readonly backoffMs: number;
  /** Resolves once each of these services is up; rejects when `signal` is aborted first. */
  readonly waitForUp: (ids: readonly string[], signal: AbortSignal) => Promise<void>;
}

/**
 * Brings one service up and keeps it so until told to stop. Whatever its parts throw becomes a state
 * with a message; nothing a service does reaches another one.
 */
export class Supervisor {
  readonly #service: Service;
  readonly #deps: SupervisorDeps;
  #life: { stop: AbortController; over: Promise<void> } | undefined;

  constructor(service: Service, deps: SupervisorDeps) {
    this.#service = service;
    this.#deps = deps;
  }

  /** Starts the service unless it runs; one that is stopping starts again after it ended. */
  start(): void {
    if (this.#life && !this.#life.stop.signal.aborted) return;
    const before = this.#life?.over;
    const stop = new AbortController();
    const life = {
      stop,
      // Begins at once where it can: the state that is left behind must not be taken for a new one.
      over: (before ? before.then(() => this.#live(stop.signal)) : this.#live(stop.signal)).finally(
        () => {
          if (this.#life === life) this.#life = undefined;
        },
      ),
    };
    this.#life = life;
  }

  /** Asks the service to stop; resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    if (!this.#life) return;
    this.#life.stop.abort();
    await this.#life.over;
  }

  /** Attempts until stopped, or until one ends and the service does not want another. */
  async #live(stop: AbortSignal): Promise<void> {
    const { record, clock, backoffMs } = this.#deps;
    let fault: string | undefined;
    while (!stop.aborted) {
      fault = await this.#attempt(stop);
      if (record.state === "Skipped") return;
      if (stop.aborted || this.#service.restart === "never") break;
      const what = fault ?? "Service ended unasked";
      record.set("Waiting", `${what}, going to restart in ${backoffMs / 1000} s`);
      fault = undefined;
      await clock.sleep(backoffMs, stop);
    }
    if (fault) record.set("Failed", fault);
    else record.set("Finished", "Service finished successfully");
  }

  /** One start and run; gives why it failed, or undefined when it ended by itself or was stopped. */
  async #attempt(stop: AbortSignal): Promise<string | undefined> {
    const { record } = this.#deps;
    let step = "Condition failed";
    try {
      const waiting = this.#waitToStart(stop);
      if (waiting) await waiting;
      if (stop.aborted) return undefined;
      step = "Preparation failed";
      record.set("Preparing", "Preparing to start");
      await this.#service.prepare?.(stop);
      if (stop.aborted) return undefined;
      step = "Error running the service";
      await this.#run(stop);
      return undefined;
    } catch (error) {
      if (error instanceof SkipService) {
        record.set("Skipped", `Service skipped: ${error.message}`);
        return undefined;
      }
      const stopped = stop.aborted && (error === stop.reason || isAbort(error));
      return stopped ? undefined : `${step}: ${messageOf(error)}`;
    }
  }

  /** Waits for what the service needs; undefined when it needs nothing. */
  #waitToStart(stop: AbortSignal): Promise<void> | undefined {
    const { record, waitForUp } = this.#deps;
    const { dependsOn = [], condition } = this.#service;
    const what = dependsOn.map((id) => `service "${id}" to be "up"`);
    if (condition) what.push(condition.description);
    if (what.length === 0) return undefined;
    record.set("Waiting", `Waiting for ${what.join(", ")}`);
    return waitForUp(dependsOn, stop).then(() => {
      if (condition && !stop.aborted) return condition.wait(stop);
    });
  }

  async #run(stop: AbortSignal): Promise<void> {
    const { record, clock } = this.#deps;
    const ended = new AbortController();
    let checks: Promise<void> | undefined;
    const report: RunReport = {
      running: (message) => {
        if (ended.signal.aborted || stop.aborted) return;
        record.set("Running", message);
        if (!this.#service.health || checks) return;
        const signal = AbortSignal.any([ended.signal, stop]);
        const onResult = record.setHealth.bind(record);
        checks = watchHealth(this.#service.health, { clock, signal, onResult });
      },
      stopping: (message) => {
        if (!ended.signal.aborted) record.set("Stopping", message);
      },
    };
    const onStop = () => record.set("Stopping", "Stopping the service");
    stop.addEventListener("abort", onStop, { once: true });
    try {
      await this.#service.run(stop, report);
    } finally {
      stop.removeEventListener("abort", onStop);
      ended.abort();
      await checks;
    }
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
