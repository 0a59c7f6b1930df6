import { Code, ConnectError } from "@connectrpc/connect";
import { type Clock, type RunReport, type Service, systemClock } from "$lib/service/mod.ts";
import { aborted } from "$lib/clock/mod.ts";
import { type Containerd, NO_DEADLINE } from "./client.ts";
import type { ContainerImage, ContainerSpec } from "./container.ts";
import { ensureImage, type ImageSource, type UnpackedImage } from "./image.ts";
import { collectOutput, type OutputPipes } from "./output.ts";
import { createContainer, removeContainer, signalContainer } from "./task.ts";

/** What a container service is made of. */
export interface ContainerRunnerOptions {
  /** The containerd that runs it, and the namespace it is in. */
  readonly containerd: Containerd;
  /** Names the container, its snapshot and its output pipe. */
  readonly id: string;
  /** Read at each start, as is the specification, so that a restart runs what is wanted by then. */
  readonly image: () => ContainerImage;
  readonly spec: () => ContainerSpec | Promise<ContainerSpec>;
  readonly images: ImageSource;
  readonly pipes: OutputPipes;
  /** Takes each line of its output. */
  readonly log: (line: string) => void;
  readonly clock?: Clock;
  /** Milliseconds from SIGTERM to SIGKILL; 10,000 unless told. */
  readonly graceMs?: number;
}

const SIGNALS = { SIGTERM: 15, SIGKILL: 9 } as const;
/** How long to wait before asking a containerd again that went away, milliseconds. */
const REATTACH_MS = 1_000;

/**
 * A service's `run` that keeps one container: pulls its image, starts it, ends when it ends, and throws
 * when it ended unasked. A containerd that goes away leaves the container alone and is waited for.
 */
export function containerRunner(options: ContainerRunnerOptions): Service["run"] {
  return async (signal, report) => {
    const code = await runContainer(options, signal, report);
    if (!signal.aborted) throw new Error(`container ${options.id} exited with code ${code}`);
  };
}

/** Runs one container until it ends by itself. @throws {Error} unless it ends with code 0 */
export async function runToEnd(
  options: ContainerRunnerOptions,
  signal: AbortSignal,
): Promise<void> {
  const code = await runContainer(options, signal, { running() {}, stopping() {} });
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`container ${options.id} exited with code ${code}`);
}

/** Gives the exit code. */
async function runContainer(
  options: ContainerRunnerOptions,
  signal: AbortSignal,
  report: RunReport,
): Promise<number> {
  const { containerd, id, pipes, log } = options;
  await removeContainer(containerd, id);
  const image = await ensureImage(containerd, options.image(), options.images, signal);
  log(`Image ${image.name} is ${image.digest}`);
  const spec = await options.spec();
  signal.throwIfAborted();
  const output = await collectOutput(pipes, id, log);
  try {
    return await runTask(options, { image, spec, stdout: output.path }, signal, report);
  } finally {
    try {
      await removeContainer(containerd, id);
    } finally {
      await output.finish();
    }
  }
}

async function runTask(
  options: ContainerRunnerOptions,
  what: { image: UnpackedImage; spec: ContainerSpec; stdout: string },
  signal: AbortSignal,
  report: RunReport,
): Promise<number> {
  const { containerd, id } = options;
  const pid = await createContainer(containerd, { id, ...what, images: options.images }, signal);
  const over = new AbortController();
  const exit = exitOf(options, over.signal);
  // Its failure is told by the await below, whatever comes first.
  exit.catch(() => {});
  try {
    await containerd.tasks.start({ containerId: id });
    report.running(`Container ${id} started with PID ${pid}`);
    const stopping = stopWhenAsked(options, pid, report, { signal, over: over.signal });
    return await Promise.race([exit, stopping]);
  } finally {
    over.abort();
  }
}

/** The exit code once the container has ended; asks again when containerd goes and comes back. */
async function exitOf(
  { containerd, id, log, clock = systemClock }: ContainerRunnerOptions,
  over: AbortSignal,
): Promise<number> {
  for (;;) {
    try {
      const exit = await containerd.tasks.wait({ containerId: id }, {
        ...NO_DEADLINE,
        signal: over,
      });
      return exit.exitStatus;
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      if (over.aborted) return 0;
      if (code !== Code.Unavailable) throw error;
      log(`Waiting for containerd: ${rawMessage}`);
      await clock.sleep(REATTACH_MS, over);
    }
  }
}

/** Ends the container once `signal` is aborted; never resolves but rejects when that fails. */
async function stopWhenAsked(
  { containerd, id, clock = systemClock, graceMs = 10_000 }: ContainerRunnerOptions,
  pid: number,
  report: RunReport,
  { signal, over }: { signal: AbortSignal; over: AbortSignal },
): Promise<never> {
  await aborted(AbortSignal.any([signal, over]));
  for (const name of ["SIGTERM", "SIGKILL"] as const) {
    if (over.aborted) break;
    report.stopping(`Sending ${name} to container ${id} (PID ${pid})`);
    await signalContainer(containerd, id, SIGNALS[name], name === "SIGKILL");
    await clock.sleep(graceMs, over);
  }
  return await new Promise(() => {});
}
