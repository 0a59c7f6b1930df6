import type { Alarm } from "./_alarm.ts";
import { aborted, type Clock } from "$lib/clock/mod.ts";
import type { Controller, ControllerRuntime, Pass } from "./controller.ts";
import type { State } from "./state.ts";
import { StatePass } from "./_pass.ts";

/** What a run needs beside its controller. */
export interface RunDeps {
  readonly state: State;
  readonly clock: Clock;
  readonly alarm: Alarm;
  readonly log: (line: string) => void;
  /** Milliseconds a pass may take before the run is given up. */
  readonly passLimitMs: number;
  /** Called after each pass that ended well. */
  readonly onSuccess: () => void;
}

/** How long a controller has to leave after its signal fired. */
const LEAVE_MS = 1_000;

/** One run of a controller, from its start to its end or failure. */
export class Run implements ControllerRuntime {
  readonly #over = new AbortController();
  readonly #stuck = Promise.withResolvers<never>();
  #pass: StatePass | undefined;
  #passStartedMs = 0;
  #guarded = false;

  constructor(readonly controller: Controller, readonly deps: RunDeps) {
    // Nobody may be listening any more when it rejects.
    this.#stuck.promise.catch(() => {});
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  wake(): void {
    this.deps.alarm.ring();
  }

  log(line: string): void {
    this.deps.log(line);
  }

  /**
   * Resolves when the controller ends, throws what it throws. A controller that neither listens to
   * its signal nor ends its pass is left behind, and its pass closed.
   */
  async live(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const stopped = this.#stopped(signal, ended.signal);
    try {
      await Promise.race([this.#call(), stopped, this.#stuck.promise]);
    } finally {
      ended.abort();
      this.#end();
    }
  }

  async *passes(): AsyncGenerator<Pass, void> {
    const { alarm, clock, state } = this.deps;
    let againMs = Infinity;
    while (true) {
      await alarm.next(againMs, this.signal);
      if (this.signal.aborted) return;
      const pass = new StatePass(this.controller, state);
      this.#pass = pass;
      this.#passStartedMs = clock.monotonic();
      if (!this.#guarded) this.#guard();
      try {
        yield pass;
        await pass.finish();
      } finally {
        pass.close();
        this.#pass = undefined;
      }
      againMs = pass.againMs;
      this.deps.onSuccess();
    }
  }

  /** Async, so that a controller that throws before its first await fails like any other. */
  async #call(): Promise<void> {
    await this.controller.run(this);
  }

  async #stopped(signal: AbortSignal, ended: AbortSignal): Promise<void> {
    await aborted(AbortSignal.any([signal, ended]));
    this.#end();
    await this.deps.clock.sleep(LEAVE_MS, ended);
  }

  /** Gives the run up when a pass takes too long. One timer serves many passes; none runs at rest. */
  async #guard(): Promise<void> {
    const { clock, passLimitMs } = this.deps;
    this.#guarded = true;
    while (this.#pass && !this.signal.aborted) {
      const leftMs = this.#passStartedMs + passLimitMs - clock.monotonic();
      if (leftMs <= 0) {
        const fault = `it takes longer than ${passLimitMs} ms`;
        this.#stuck.reject(new Error(`Cannot wait for the pass: ${fault}`));
        break;
      }
      await clock.sleep(leftMs, this.signal);
    }
    this.#guarded = false;
  }

  #end(): void {
    this.#over.abort();
    this.#pass?.close();
    this.deps.alarm.stop();
  }
}
