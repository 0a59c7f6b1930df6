import { ticks, u64, words } from "./_fields.ts";

/** What `/proc/<pid>/stat` tells about a process. */
export interface ProcessStat {
  readonly pid: number;
  /** The command name, at most 15 bytes, without its brackets. */
  readonly command: string;
  /** One letter: R running, S sleeping, D waiting for a disk, Z zombie, … */
  readonly state: string;
  readonly ppid: number;
  readonly threads: number;
  /** Seconds in user and kernel mode. */
  readonly cpuTime: number;
  readonly virtualBytes: bigint;
  readonly residentPages: bigint;
}

/** `/proc/<pid>/stat`, or undefined where the text is none. The command may hold anything, `) R 1` too. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const pid = Number(text.slice(0, Math.max(open, 0)).trim());
  if (open < 1 || close < open || !Number.isSafeInteger(pid)) return undefined;
  // The field numbers are those of proc(5), less the three that end with the command's bracket.
  const fields = words(text.slice(close + 1));
  if (fields.length < 22) return undefined;
  return {
    pid,
    command: text.slice(open + 1, close),
    state: fields[0] ?? "",
    ppid: Number(u64(fields[1])),
    threads: Number(u64(fields[17])),
    cpuTime: ticks(fields[11]) + ticks(fields[12]),
    virtualBytes: u64(fields[20]),
    residentPages: u64(fields[21]),
  };
}

/** The arguments of `/proc/<pid>/cmdline`; none for a kernel thread or a zombie. */
export function parseCmdline(text: string): string[] {
  return text.replace(/\0+$/, "").split("\0").filter((arg, _at, all) =>
    arg !== "" || all.length > 1
  );
}

/** The lines of `/proc/<pid>/status` as a map: `VmRSS` → `1234 kB`. */
export function parseProcessStatus(text: string): Map<string, string> {
  const status = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) status.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return status;
}
