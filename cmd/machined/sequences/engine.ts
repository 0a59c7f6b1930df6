/**
 * The sequencer: runs one sequence at a time, its phases in order, the tasks of a phase side by side.
 *
 * @module
 */

/** One step of a phase. `run` throws to fail the sequence and heeds the signal of a takeover. */
export interface Task {
  readonly name: string;
  /** It waits for the sequence that takes over: that is its end, and no failure. */
  readonly handsOver?: true;
  run(signal: AbortSignal): void | Promise<void>;
}

/** Tasks that run side by side; the first error ends the phase. */
export interface Phase {
  readonly name: string;
  readonly tasks: readonly Task[];
}

/** A named list of phases, run in order. */
export interface Sequence {
  readonly name: string;
  readonly phases: readonly Phase[];
}

/** What the sequencer tells about its work; `action` is START or STOP. */
export type SequenceReport =
  | { readonly kind: "sequence"; readonly name: string; readonly action: Action; error?: Error }
  | { readonly kind: "phase"; readonly name: string; readonly action: Action }
  | { readonly kind: "task"; readonly name: string; readonly action: Action };
export type Action = "NOOP" | "START" | "STOP";

/** How a sequence asks for its turn. */
export interface Turn {
  /** End the running sequence and go first (reboot, shutdown, SIGTERM, power button). */
  readonly takeover?: boolean;
  /** Do not take the lock (bootstrap, reset). */
  readonly unlocked?: boolean;
}

/** A sequence was refused because another one runs. */
export class LockedError extends Error {
  override name = "LockedError";
}

/** How long a takeover waits for the interrupted sequence to let go, milliseconds. */
const TAKEOVER_GRACE_MS = 5_000;

/** Runs sequences; its log lines are the ones operators follow in `logs machined`. */
export class Sequencer {
  readonly #log: (line: string) => void;
  readonly #report: (report: SequenceReport) => void;
  readonly #now: () => number;
  #running: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;

  constructor(deps: {
    log: (line: string) => void;
    report: (report: SequenceReport) => void;
    now?: () => number;
  }) {
    this.#log = deps.log;
    this.#report = deps.report;
    this.#now = deps.now ?? (() => performance.now());
  }

  /** Whether a sequence holds the lock. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Runs `sequence` to its end.
   *
   * @throws {LockedError} when another sequence runs and this one does not take over
   * @throws {Error} the first failure of a task, with the task's name
   */
  async run(sequence: Sequence, turn: Turn = {}): Promise<void> {
    if (turn.unlocked) return await this.#execute(sequence, new AbortController());
    if (this.#running && !turn.takeover) {
      const error = new LockedError(`sequence not started: another sequence runs`);
      this.#report({ kind: "sequence", name: sequence.name, action: "NOOP", error });
      throw error;
    }
    const former = this.#running;
    const abort = new AbortController();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const turnTaken = { abort, done };
    this.#running = turnTaken;
    try {
      if (former) await interrupt(former);
      await this.#execute(sequence, abort);
    } finally {
      if (this.#running === turnTaken) this.#running = undefined;
      resolve();
    }
  }

  async #execute(sequence: Sequence, abort: AbortController): Promise<void> {
    const { name, phases } = sequence;
    const start = this.#now();
    this.#log(`${name} sequence: ${phases.length} phase(s)`);
    this.#report({ kind: "sequence", name, action: "START" });
    try {
      for (const [i, phase] of phases.entries()) {
        await this.#phase(phase, `${i + 1}/${phases.length}`, abort);
      }
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      this.#report({ kind: "sequence", name, action: "STOP", error: failure });
      this.#log(`${name} sequence: failed: ${failure.message}`);
      throw failure;
    }
    this.#log(`${name} sequence: done: ${duration(this.#now() - start)}`);
    this.#report({ kind: "sequence", name, action: "STOP" });
  }

  async #phase(phase: Phase, position: string, abort: AbortController): Promise<void> {
    abort.signal.throwIfAborted();
    const { name, tasks } = phase;
    const start = this.#now();
    this.#log(`phase ${name} (${position}): ${tasks.length} tasks(s)`);
    this.#report({ kind: "phase", name, action: "START" });
    try {
      // One failing task ends its siblings: they share a signal of the phase.
      const siblings = new AbortController();
      const signal = AbortSignal.any([abort.signal, siblings.signal]);
      const runs = tasks.map((task, i) =>
        this.#task(task, `${i + 1}/${tasks.length}`, signal).catch((error) => {
          siblings.abort(error);
          throw error;
        })
      );
      await untilAborted(Promise.all(runs), abort.signal).catch((error) => {
        const meant = abort.signal.aborted && tasks.every(({ handsOver }) => handsOver);
        if (!meant) throw error;
      });
    } finally {
      this.#report({ kind: "phase", name, action: "STOP" });
    }
    this.#log(`phase ${name} (${position}): done, ${duration(this.#now() - start)}`);
  }

  async #task(task: Task, position: string, signal: AbortSignal): Promise<void> {
    const { name } = task;
    const start = this.#now();
    this.#log(`task ${name} (${position}): starting`);
    this.#report({ kind: "task", name, action: "START" });
    try {
      await task.run(signal);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#log(`task ${name} (${position}): failed: ${message}`);
      throw new Error(`task "${name}" failed: ${message}`, { cause: error });
    } finally {
      this.#report({ kind: "task", name, action: "STOP" });
    }
    this.#log(`task ${name} (${position}): done, ${duration(this.#now() - start)}`);
  }
}

/** Ends a running sequence; one that does not let go in time is left behind. */
async function interrupt(
  running: { readonly abort: AbortController; readonly done: Promise<void> },
): Promise<void> {
  running.abort.abort(new Error("a sequence with precedence took over"));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const grace = new Promise<void>((resolve) => timer = setTimeout(resolve, TAKEOVER_GRACE_MS));
  await Promise.race([running.done, grace]);
  clearTimeout(timer);
}

/** Settles with `work`, or rejects as soon as the signal fires: a task that hangs cannot hold a takeover. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** A duration as the log lines print it: `850.2ms`, `3.21s`, `2m5.3s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${trim(ms, 3)}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${trim(seconds, 3)}s`;
  return `${Math.floor(seconds / 60)}m${trim(seconds % 60, 3)}s`;
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
