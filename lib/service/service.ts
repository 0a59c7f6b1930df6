/** The states a service goes through, in the order of the API's enum. */
export const SERVICE_STATES = [
  "Initialized",
  "Preparing",
  "Waiting",
  "Running",
  "Stopping",
  "Finished",
  "Failed",
  "Skipped",
] as const;

/** One of the states of a service, spelled as the API spells it. */
export type ServiceState = (typeof SERVICE_STATES)[number];

/** What a running service tells about itself. */
export interface RunReport {
  /** It runs now; health checks start with this. */
  running(message: string): void;
  /** It is on its way down, e.g. a signal was sent. */
  stopping(message: string): void;
}

/** How the health of a service is checked; only `check` has no default. */
export interface ServiceHealthCheck {
  /** Milliseconds after it runs until the first check; 1,000 unless told. */
  readonly initialDelayMs?: number;
  /** Milliseconds between checks; 5,000 unless told. */
  readonly periodMs?: number;
  /** Milliseconds between checks until the first that succeeds; `periodMs` unless told. */
  readonly startPeriodMs?: number;
  /** Milliseconds a check may take; 500 unless told. */
  readonly timeoutMs?: number;
  /** Resolves when healthy, rejects with the reason when not; `signal` is its deadline. */
  check(signal: AbortSignal): Promise<void>;
}

/** Something to wait for before a service starts, beside the services it depends on. */
export interface ServiceCondition {
  /** What is waited for, as it shows in the service's events: `file "/x" to exist`. */
  readonly description: string;
  /** Resolves once it holds; rejects when `signal` is aborted first. */
  wait(signal: AbortSignal): Promise<void>;
}

/** A value that says what to run and when, not how. */
export interface Service {
  readonly id: string;
  /** Services that must be up before this one starts and that stop after it. */
  readonly dependsOn?: readonly string[];
  readonly condition?: ServiceCondition;
  /** Runs before each start, e.g. to write files; may throw SkipService. */
  prepare?(signal: AbortSignal): Promise<void>;
  /** Runs the service until `signal` is aborted and all of it is gone; calls `report.running` once. */
  run(signal: AbortSignal, report: RunReport): Promise<void>;
  /** What follows when run ends unasked or a start fails; `always` unless told. */
  readonly restart?: "always" | "never";
  readonly health?: ServiceHealthCheck;
  /** Whether the API may start it. */
  readonly apiStart?: boolean;
  /** Whether the API may stop it. */
  readonly apiStop?: boolean;
  /** Whether the API may restart it. */
  readonly apiRestart?: boolean;
}

/** Thrown by `prepare` or a condition when the service is not needed here: it counts as up. */
export class SkipService extends Error {
  override readonly name = "SkipService";
}

/** A `run` for a part of this program: reports that it runs, then calls `body`. */
export function inProcess(body: (signal: AbortSignal) => Promise<void>): Service["run"] {
  return (signal, report) => {
    report.running("Service started in process");
    return body(signal);
  };
}
