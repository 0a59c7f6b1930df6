import type {
  CPUInfo,
  CPUStat,
  LoadAvg,
  MemInfo,
  ProcessInfo,
  SystemStat,
} from "$proto/machine/machine_pb.ts";

/** What one node said at one moment; parts that it did not answer are absent. */
export interface Sample {
  /** Milliseconds, for differences only. */
  readonly atMs: number;
  readonly tag?: string;
  readonly hostname?: string;
  readonly cpus?: readonly CPUInfo[];
  readonly system?: SystemStat;
  readonly load?: LoadAvg;
  readonly memory?: MemInfo;
  readonly network?: Traffic;
  readonly disk?: Traffic;
  readonly processes?: readonly ProcessInfo[];
}

/** Bytes moved since the node started. */
export interface Traffic {
  readonly inBytes: number;
  readonly outBytes: number;
}

/** What happens on a node, made of two samples. */
export interface Rates {
  /** Share of all processors, 0 to 1. */
  readonly cpu: number;
  /** Share of the memory that is not available, 0 to 1. */
  readonly memory: number;
  /** Bytes a second. */
  readonly received: number;
  readonly sent: number;
  readonly read: number;
  readonly written: number;
}

/** The rates between two samples; zero where one of them lacks what is needed. */
export function ratesOf(before: Sample, after: Sample): Rates {
  const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1_000);
  const rate = (part: "network" | "disk", side: keyof Traffic): number => {
    const [from, to] = [before[part]?.[side], after[part]?.[side]];
    return from === undefined || to === undefined ? 0 : Math.max(0, (to - from) / seconds);
  };
  return {
    cpu: cpuShare(before.system?.cpuTotal, after.system?.cpuTotal),
    memory: memoryShare(after.memory),
    received: rate("network", "inBytes"),
    sent: rate("network", "outBytes"),
    read: rate("disk", "inBytes"),
    written: rate("disk", "outBytes"),
  };
}

function cpuShare(before: CPUStat | undefined, after: CPUStat | undefined): number {
  if (!before || !after) return 0;
  const idle = (stat: CPUStat): number => stat.idle + stat.iowait;
  const total = (stat: CPUStat): number =>
    idle(stat) + stat.user + stat.nice + stat.system + stat.irq + stat.softIrq + stat.steal;
  const all = total(after) - total(before);
  return all <= 0 ? 0 : clamp(1 - (idle(after) - idle(before)) / all);
}

function memoryShare(memory: MemInfo | undefined): number {
  if (!memory || memory.memtotal === 0n) return 0;
  return clamp(1 - Number(memory.memavailable) / Number(memory.memtotal));
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** A process and what it takes of one processor, 0 to 1 a processor. */
export interface BusyProcess {
  readonly process: ProcessInfo;
  readonly cpu: number;
}

/** The processes of the later sample, the busiest first; equally busy ones by memory. */
export function busyProcesses(before: Sample | undefined, after: Sample): BusyProcess[] {
  const seconds = before ? (after.atMs - before.atMs) / 1_000 : 0;
  const known = new Map(before?.processes?.map(({ pid, cpuTime }) => [pid, cpuTime]));
  const busy = (after.processes ?? []).map((process) => {
    const cpuTime = known.get(process.pid);
    const spent = cpuTime === undefined || seconds <= 0 ? 0 : process.cpuTime - cpuTime;
    return { process, cpu: spent <= 0 ? 0 : spent / seconds };
  });
  return busy.sort((a, b) =>
    b.cpu - a.cpu || Number(b.process.residentMemory - a.process.residentMemory)
  );
}
