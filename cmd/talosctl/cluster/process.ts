/** A process so named that another one with the same id, later, is not taken for it. */
export interface ProcessMark {
  readonly role: "qemu" | "switch" | "config-server";
  readonly pid: number;
  /** When it started, in whatever unit the system counts. */
  readonly started: string;
}

/** How long a process has to end after it was asked to. */
const GRACE_MS = 5_000;
const POLL_MS = 100;

/** When process `pid` started, or undefined when there is none. A zombie counts as gone. */
export async function startedAt(pid: number): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return await startedByPs(pid);
  try {
    return startTime(await Deno.readTextFile(`/proc/${pid}/stat`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    // The process ended between open and read.
    if (error instanceof Error && /os error 3\b/.test(error.message)) return undefined;
    throw error;
  }
}

/** Field 22 of /proc/PID/stat: clock ticks from boot to the start; undefined for a zombie. */
export function startTime(stat: string): string | undefined {
  // The second field is the name in parentheses, and a name may hold anything.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? undefined : rest[18];
}

async function startedByPs(pid: number): Promise<string | undefined> {
  const { success, stdout } = await new Deno.Command("ps", {
    args: ["-o", "lstart=", "-p", String(pid)],
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout).trim();
  return success && text !== "" ? text : undefined;
}

/** Marks a running process. @throws {Error} when it is gone already. */
export async function markProcess(role: ProcessMark["role"], pid: number): Promise<ProcessMark> {
  const started = await startedAt(pid);
  if (started === undefined) throw new Error(`Cannot follow ${role}: process ${pid} is gone`);
  return { role, pid, started };
}

/** Whether the marked process still runs. */
export async function isRunning({ pid, started }: Omit<ProcessMark, "role">): Promise<boolean> {
  return await startedAt(pid) === started;
}

/** Ends the marked process: asks, waits, then insists. Does nothing when it is gone. */
export async function endProcess(mark: ProcessMark, graceMs = GRACE_MS): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const deadline = Date.now() + graceMs;
    if (!await signalProcess(mark, signal)) return;
    while (Date.now() < deadline) {
      if (!await isRunning(mark)) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  throw new Error(`Cannot end ${mark.role}: process ${mark.pid} survives SIGKILL`);
}

async function signalProcess(mark: ProcessMark, signal: Deno.Signal): Promise<boolean> {
  if (!await isRunning(mark)) return false;
  try {
    Deno.kill(mark.pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
