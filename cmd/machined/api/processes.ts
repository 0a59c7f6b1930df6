import { parseCmdline, parseProcessStat } from "$lib/procfs/mod.ts";
import type { MachineApi } from "./_impl.ts";
import type { ProcDeps } from "./statistics.ts";

/** How processes are found and read. */
export interface ProcessesDeps extends ProcDeps {
  /** The names in /proc. */
  readonly listProc: () => Promise<string[]>;
  /** Where a link under /proc points. */
  readonly readProcLink: (path: string) => Promise<string>;
}

/** Bytes in a page on every kernel we run on. */
const PAGE_BYTES = 4096n;

/** Answers all processes, sorted by pid; one that ends meanwhile is left out. */
export function processesApi(deps: ProcessesDeps): MachineApi<"processes"> {
  return {
    async processes() {
      const names = await deps.listProc();
      const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
      const processes = [];
      for (const pid of pids.sort((a, b) => a - b)) {
        const info = await processInfo(deps, pid);
        if (info) processes.push(info);
      }
      return { messages: [{ processes }] };
    },
  };
}

async function processInfo({ readProc, readProcLink }: ProcessesDeps, pid: number) {
  const text = await readProc(`${pid}/stat`).catch(() => "");
  const stat = parseProcessStat(text);
  if (!stat) return undefined;
  return {
    pid,
    ppid: stat.ppid,
    state: stat.state,
    threads: stat.threads,
    cpuTime: stat.cpuTime,
    virtualMemory: stat.virtualBytes,
    residentMemory: stat.residentPages * PAGE_BYTES,
    command: stat.command,
    // A kernel thread has neither; another's link may be out of reach.
    executable: await readProcLink(`${pid}/exe`).catch(() => ""),
    args: parseCmdline(await readProc(`${pid}/cmdline`).catch(() => "")).join(" "),
  };
}
