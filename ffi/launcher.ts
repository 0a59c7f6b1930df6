/**
 * Starts programs with fewer rights than this process has.
 *
 * A short-lived Worker gives up rights on its own thread by raw syscalls and calls posix_spawn there;
 * the program inherits what is left. Its pipes and its pidfd belong to this side, so the Worker ends
 * once the program runs, and one poll thread serves all launched programs.
 *
 * @module
 */
import { SyscallError } from "./errno.ts";
import { Fd, O, pipe } from "./fd.ts";
import { readableStream, writableStream } from "./fd_stream.ts";
import {
  LAUNCHER_NAME,
  LAUNCHER_READY,
  type LaunchOrder,
  type LaunchReply,
} from "./launcher_worker.ts";
import type { FdPoller } from "./poller.ts";
import type { Privileges } from "./privileges.ts";
import { type ExitStatus, findExited, kill, openPid } from "./process.ts";
import type { Reaper } from "./reaper.ts";
import { type ResourceLimit, type RLIMIT, setLimit } from "./rlimit.ts";

/** A program, the rights it keeps, and the bounds it runs in. */
export interface LaunchSpec {
  path: string;
  /** Arguments behind argv[0], which is `path`. */
  args: readonly string[];
  /** Its whole environment: nothing of ours is passed on. */
  env: Readonly<Record<string, string>>;
  privileges: Privileges;
  cwd?: string;
  newSession?: boolean;
  rlimits?: Partial<Record<keyof typeof RLIMIT, ResourceLimit>>;
  /** Directory of the cgroup it is moved to. */
  cgroup?: string;
  oomScoreAdj?: number;
}

/** What launch() stands on. */
export interface LaunchContext {
  /** A module that calls serveLauncher(): launcher_main.ts, or the bundle itself. */
  workerUrl: string | URL;
  poller: FdPoller;
  /** Told of the child, so that it is not buried as an orphan. */
  reaper?: Reaper;
  /** How long the Worker may take to start the program; 30 s when absent. */
  timeoutMs?: number;
}

/** A running program. Read both outputs, or cancel them: a full pipe stops it. */
export interface LaunchedProcess {
  readonly pid: number;
  readonly stdin: WritableStream<Uint8Array<ArrayBuffer>>;
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** How it ended. */
  readonly status: Promise<ExitStatus>;
  /** Sends it signal number `signal`; false once it has ended. */
  kill(signal: number): boolean;
}

/**
 * Starts `spec` in a Worker of its own and resolves once it runs. Limits, cgroup and OOM score are
 * set from this side right after its start, so its first milliseconds run without them.
 * @throws {SyscallError} when a right could not be given up or the program not started.
 */
export async function launch(context: LaunchContext, spec: LaunchSpec): Promise<LaunchedProcess> {
  using resources = new DisposableStack();
  const [stdin, stdout, stderr] = [pipe(), pipe(), pipe()];
  for (const { readable, writable } of [stdin, stdout, stderr]) {
    resources.use(readable);
    resources.use(writable);
  }
  const stdio = [stdin.readable, stdout.writable, stderr.writable] as const;
  const order = launchOrder(spec, stdio);
  // Until the pid is known, the reaper could take the child for an orphan.
  using _hold = context.reaper?.hold();
  const pid = await orderWorker(context, order);
  context.reaper?.own.add(pid);
  const process = superviseChild(pid, context);
  try {
    setBounds(pid, spec);
  } catch (error) {
    // It must not run outside the bounds it was to have.
    process.kill(SIGKILL);
    process.status.catch(() => {});
    throw error;
  }
  const ours = (fd: Fd): Fd => {
    fd.setNonblocking();
    return Fd.adopt(fd.release(), `${spec.path} stdio`);
  };
  return {
    ...process,
    stdin: writableStream(ours(stdin.writable), context.poller),
    stdout: readableStream(ours(stdout.readable), context.poller),
    stderr: readableStream(ours(stderr.readable), context.poller),
  };
}

function launchOrder(
  spec: LaunchSpec,
  [stdin, stdout, stderr]: readonly [Fd, Fd, Fd],
): LaunchOrder {
  const { path, args, env, cwd, newSession, privileges } = spec;
  const program = {
    path,
    args: [path, ...args],
    env,
    stdio: [stdin.number, stdout.number, stderr.number] as const,
    ...(cwd === undefined ? {} : { cwd }),
    ...(newSession === undefined ? {} : { newSession }),
  };
  return { privileges, program };
}

const SIGKILL = 9;

/** Starts a Worker as launch() does and ends it without an order: its module is loaded then. */
export async function warmLauncher(workerUrl: string | URL): Promise<void> {
  const worker = new Worker(workerUrl, { type: "module", name: LAUNCHER_NAME });
  await new Promise((resolve) => worker.onmessage = resolve);
  worker.terminate();
}

async function orderWorker(context: LaunchContext, order: LaunchOrder): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<LaunchReply>();
  const worker = new Worker(context.workerUrl, { type: "module", name: LAUNCHER_NAME });
  const limit = context.timeoutMs ?? 30_000;
  const late = new Error(`Cannot launch "${order.program.path}": no answer in ${limit} ms`);
  const timer = setTimeout(() => reject(late), limit);
  worker.onmessage = ({ data }: MessageEvent<LaunchReply | typeof LAUNCHER_READY>) => {
    if (data === LAUNCHER_READY) worker.postMessage(order);
    else resolve(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`Cannot launch "${order.program.path}": ${event.message}`));
  };
  try {
    const reply = await promise;
    if ("pid" in reply) return reply.pid;
    if ("message" in reply) throw new Error(reply.message);
    throw new SyscallError(reply.errno, reply.syscall, reply.subject);
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}

/** Waits for `pid` by a pidfd, so neither SIGCHLD nor the runtime has a part in it. */
function superviseChild(
  pid: number,
  { poller, reaper }: LaunchContext,
): Pick<LaunchedProcess, "pid" | "status" | "kill"> {
  let ended = false;
  const wait = async (): Promise<ExitStatus> => {
    using pidfd = openPid(pid);
    try {
      await poller.readable(pidfd);
      const child = findExited({ pid });
      if (!child) throw new Error(`Cannot wait for pid ${pid}: someone else did`);
      return child.signal === undefined
        ? { code: child.code }
        : { code: child.code, signal: child.signal };
    } finally {
      // In the step of the wait: from here on the number may be another process.
      ended = true;
      reaper?.own.delete(pid);
    }
  };
  return {
    pid,
    status: wait(),
    kill(signal) {
      if (!ended) kill(pid, signal);
      return !ended;
    },
  };
}

function setBounds(pid: number, { rlimits = {}, cgroup, oomScoreAdj }: LaunchSpec): void {
  if (cgroup !== undefined) writeKernelFile(`${cgroup}/cgroup.procs`, String(pid));
  if (oomScoreAdj !== undefined) {
    writeKernelFile(`/proc/${pid}/oom_score_adj`, String(oomScoreAdj));
  }
  for (const [resource, limit] of Object.entries(rlimits)) {
    setLimit(resource as keyof typeof RLIMIT, limit, pid);
  }
}

function writeKernelFile(path: string, text: string): void {
  using file = Fd.open(path, O.WRONLY);
  file.writeAll(new TextEncoder().encode(text));
}
