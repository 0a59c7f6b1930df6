import { Alarm } from "./_alarm.ts";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import type { Clock } from "$lib/clock/mod.ts";
import type { Controller } from "./controller.ts";
import type { PaceLimits } from "./pace.ts";
import type { ResourceEvent, State } from "./state.ts";
import { isFault } from "./state_error.ts";
import { Run } from "./_run.ts";

/** What a runner needs beside its controller. */
export interface RunnerDeps {
  readonly state: State;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly backoff: BackoffOptions;
  readonly pace: PaceLimits;
  readonly passLimitMs: number;
}

/** Keeps one controller going: wakes it at changes, starts it anew when it fails. */
export class Runner {
  readonly #backoff: Backoff;
  readonly #alarm: Alarm;
  #ended = false;

  constructor(readonly controller: Controller, readonly deps: RunnerDeps) {
    this.#backoff = new Backoff(deps.backoff);
    const onHurry = () => this.#log("wakes too often and is slowed down");
    this.#alarm = new Alarm({ clock: deps.clock, pace: deps.pace, onHurry });
  }

  /** Whether the controller has nothing to do until something wakes it. */
  get idle(): boolean {
    return this.#ended || this.#alarm.quiet;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#backoff.failures;
  }

  /** Runs the controller until `signal` fires or its run ends by itself. */
  async live(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const watches = this.#watches(both);
    try {
      await this.#runs(both);
    } finally {
      this.#ended = true;
      over.abort();
      await Promise.all(watches);
    }
  }

  async #runs(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const run = new Run(this.controller, {
        ...this.deps,
        alarm: this.#alarm,
        log: (line) => this.#log(line),
        onSuccess: () => this.#backoff.reset(),
      });
      try {
        await run.live(signal);
        if (!signal.aborted) this.#log("ended by itself and is not started again");
        return;
      } catch (error) {
        if (signal.aborted) return;
        const waitMs = this.#backoff.next();
        this.#log(`failed, next try in ${Math.round(waitMs)} ms: ${messageOf(error)}`);
        await this.deps.clock.sleep(waitMs, signal);
        this.#alarm.ring();
      }
    }
  }

  #watches(signal: AbortSignal): Promise<void>[] {
    const { inputs, outputs, name } = this.controller;
    return [
      ...inputs.map(({ kind, id }) =>
        this.#follow(
          () => this.deps.state.watch(kind, id === undefined ? { signal } : { id, signal }),
          () => true,
          signal,
        )
      ),
      // An output that was held back can go, or come back, once it is let go of.
      ...outputs.map(({ kind }) =>
        this.#follow(
          () => this.deps.state.watch(kind, { signal }),
          (event) => isReleased(event, name),
          signal,
        )
      ),
    ];
  }

  /** Wakes the controller at each event that counts; an overrun counts as one. */
  async #follow(
    watch: () => AsyncIterable<ResourceEvent>,
    counts: (event: ResourceEvent) => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const failures = new Backoff(this.deps.backoff);
    while (!signal.aborted) {
      try {
        for await (const event of watch()) if (counts(event)) this.#alarm.ring();
      } catch (error) {
        this.#alarm.ring();
        if (isFault(error, "overrun")) continue;
        this.#log(`lost a watch: ${messageOf(error)}`);
        await this.deps.clock.sleep(failures.next(), signal);
      }
    }
  }

  #log(line: string): void {
    this.deps.log(`${this.controller.name}: ${line}`);
  }
}

function isReleased({ type, resource }: ResourceEvent, name: string): boolean {
  const { owner, phase, finalizers } = resource.metadata;
  return type !== "destroyed" && owner === name && phase === "tearingDown" &&
    finalizers.length === 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
