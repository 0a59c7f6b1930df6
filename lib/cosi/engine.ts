import type { BackoffOptions } from "./backoff.ts";
import { type Clock, systemClock } from "$lib/clock/mod.ts";
import type { Controller } from "./controller.ts";
import { Dependencies, type DependencyEdge } from "./dependencies.ts";
import type { PaceLimits } from "./pace.ts";
import type { State } from "./state.ts";
import { StateError } from "./state_error.ts";
import { Runner } from "./_runner.ts";

/** Settings of a controller engine; only the state has no default. */
export interface EngineOptions {
  readonly state: State;
  /** Gets a line for each failure of a controller and for what controllers log. */
  readonly log?: (line: string) => void;
  readonly clock?: Clock;
  readonly backoff?: BackoffOptions;
  readonly pace?: PaceLimits;
  /** Milliseconds a pass may take; 300,000 unless told. */
  readonly passLimitMs?: number;
  /** Whether strong inputs may be managed by somebody else, as in tests of one controller. */
  readonly outsideManagers?: boolean;
}

/**
 * Runs controllers, each on its own: one that throws, hangs or spins is retried, given up or slowed
 * down, and the others go on. A loop that never awaits stops the whole thread; only the hardware
 * watchdog helps against that.
 */
export class ControllerEngine {
  readonly #options: EngineOptions;
  readonly #dependencies = new Dependencies();
  readonly #runners = new Map<string, Runner>();
  readonly #lives = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /**
   * Adds a controller; one that is added after the start runs at once.
   *
   * @throws {StateError} conflict when its name or one of its outputs is taken
   */
  register(controller: Controller): void {
    this.#dependencies.add(controller);
    const { state, log = () => {}, clock = systemClock } = this.#options;
    const runner = new Runner(controller, {
      state,
      log,
      clock,
      backoff: this.#options.backoff ?? {},
      pace: this.#options.pace ?? {},
      passLimitMs: this.#options.passLimitMs ?? 300_000,
    });
    this.#runners.set(controller.name, runner);
    if (this.#signal) this.#launch(runner, this.#signal);
  }

  /**
   * Runs the controllers until `signal` fires; resolves when the last has ended.
   *
   * @throws {StateError} conflict when nobody manages the strong input of one
   */
  async run(signal: AbortSignal): Promise<void> {
    const unmanaged = this.#dependencies.unmanaged();
    if (unmanaged.length > 0 && !this.#options.outsideManagers) {
      throw new StateError(
        "conflict",
        `Cannot run controllers: nobody manages ${unmanaged.join(", ")}`,
      );
    }
    this.#signal = signal;
    for (const runner of this.#runners.values()) this.#launch(runner, signal);
    await new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.all(this.#lives);
  }

  /** The dependency graph. */
  edges(): DependencyEdge[] {
    return this.#dependencies.edges();
  }

  /** Whether no controller has anything to do. */
  get idle(): boolean {
    return [...this.#runners.values()].every((runner) => runner.idle);
  }

  /** Failures in a row of the controller; 0 while it succeeds. */
  failures(name: string): number {
    return this.#runners.get(name)?.failures ?? 0;
  }

  #launch(runner: Runner, signal: AbortSignal): void {
    const life = runner.live(signal).finally(() => this.#lives.delete(life));
    this.#lives.add(life);
  }
}
