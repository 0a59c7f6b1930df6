import { aborted, type Clock, systemClock } from "$lib/clock/mod.ts";
import { messageOf } from "./health.ts";
import type { Latest } from "./latest.ts";
import { textLines } from "./lines.ts";
import type { RunReport, Service } from "./service.ts";

/** How a process ended. */
export interface ProcessStatus {
  readonly code: number;
  /** The signal that ended it, e.g. `SIGKILL`, or null. */
  readonly signal: string | null;
}

/** A process that runs, as its launcher hands it over. */
export interface LaunchedProcess {
  readonly pid: number;
  readonly stdin?: WritableStream<Uint8Array>;
  readonly stdout?: ReadableStream<Uint8Array>;
  readonly stderr?: ReadableStream<Uint8Array>;
  /** Resolves when the process ended. */
  readonly status: Promise<ProcessStatus>;
  /** Sends a signal; a process that is gone already is no error. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** Starts processes; what a `Spec` holds (arguments, user, rights) is between launcher and caller. */
export interface ProcessLauncher<Spec> {
  launch(spec: Spec): Promise<LaunchedProcess>;
}

/** What a process service is made of. */
export interface ProcessRunnerOptions<Spec> {
  readonly launcher: ProcessLauncher<Spec>;
  readonly spec: Spec;
  /** How the process shows in events, e.g. `/sbin/apid`. */
  readonly name: string;
  /** Takes each line of its output. */
  readonly log: (line: string) => void;
  /** Lines for its stdin: the newest at start, each newer one as it comes. Never logged. */
  readonly input?: Latest<string>;
  readonly clock?: Clock;
  /** Milliseconds from SIGTERM to SIGKILL; 10,000 unless told. */
  readonly graceMs?: number;
}

/** How long output is waited for after the end: a grandchild may hold the pipe open for ever. */
const DRAIN_MS = 1_000;

/** A service's `run` that keeps one process: ends when it ends, throws when it ended unasked. */
export function processRunner<Spec>(options: ProcessRunnerOptions<Spec>): Service["run"] {
  return (signal, report) => runProcess(options, signal, report);
}

async function runProcess<Spec>(
  options: ProcessRunnerOptions<Spec>,
  signal: AbortSignal,
  report: RunReport,
): Promise<void> {
  const clock = options.clock ?? systemClock;
  const child = await options.launcher.launch(options.spec);
  report.running(`Process ${options.name} started with PID ${child.pid}`);
  const ended = new AbortController();
  const drained = new AbortController();
  const outputs = [child.stdout, child.stderr].map((stream) =>
    stream ? drain(stream, options.log, drained.signal) : Promise.resolve()
  );
  const feeding = feed(child, options, ended.signal);
  const stopping = stopWhenAsked(child, { ...options, clock, signal, report, over: ended.signal })
    .catch((error: unknown) => options.log(`Cannot stop ${options.name}: ${messageOf(error)}`));
  try {
    const status = await child.status;
    if (!signal.aborted) throw new Error(`process ${options.name} ${describeEnd(status)}`);
  } finally {
    ended.abort();
    await Promise.race([Promise.allSettled(outputs), clock.sleep(DRAIN_MS, drained.signal)]);
    drained.abort();
    await Promise.allSettled([feeding, stopping]);
  }
}

/** How a process ended, in words. */
export function describeEnd(status: ProcessStatus): string {
  return status.signal ? `was ended by ${status.signal}` : `exited with code ${status.code}`;
}

async function stopWhenAsked(
  child: LaunchedProcess,
  options: {
    readonly name: string;
    readonly graceMs?: number;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly report: RunReport;
    readonly over: AbortSignal;
  },
): Promise<void> {
  const { name, graceMs = 10_000, clock, signal, report, over } = options;
  await aborted(AbortSignal.any([signal, over]));
  if (over.aborted) return;
  report.stopping(`Sending SIGTERM to process ${name} (PID ${child.pid})`);
  child.kill("SIGTERM");
  await clock.sleep(graceMs, over);
  if (over.aborted) return;
  report.stopping(`Sending SIGKILL to process ${name} (PID ${child.pid})`);
  child.kill("SIGKILL");
}

/** Writes input lines to stdin and closes it when the process is over. */
async function feed(
  child: LaunchedProcess,
  options: { readonly input?: Latest<string>; readonly log: (line: string) => void },
  over: AbortSignal,
): Promise<void> {
  if (!child.stdin) return;
  const writer = child.stdin.getWriter();
  // A process that ended makes the pipe fail; its status tells that better.
  writer.closed.catch(() => {});
  try {
    if (options.input) {
      for await (const line of options.input.watch(over)) {
        await Promise.race([writer.write(new TextEncoder().encode(`${line}\n`)), aborted(over)]);
      }
    } else await aborted(over);
  } catch (error) {
    if (!over.aborted) options.log(`Cannot write to stdin: ${messageOf(error)}`);
  } finally {
    writer.close().catch(() => {});
  }
}

async function drain(
  stream: ReadableStream<Uint8Array>,
  log: (line: string) => void,
  over: AbortSignal,
): Promise<void> {
  const through = new TransformStream<Uint8Array, Uint8Array>();
  stream.pipeTo(through.writable, { signal: over }).catch(() => {});
  try {
    for await (const line of textLines(through.readable)) log(line);
  } catch {
    // Cut off after the process ended: what it wrote before is in the log.
  }
}
