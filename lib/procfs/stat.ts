import { ticks, u64, words } from "./_fields.ts";

/** Seconds a CPU spent in each mode since boot. */
export interface CpuTimes {
  readonly user: number;
  readonly nice: number;
  readonly system: number;
  readonly idle: number;
  readonly iowait: number;
  readonly irq: number;
  readonly softIrq: number;
  readonly steal: number;
  readonly guest: number;
  readonly guestNice: number;
}

const SOFT_IRQS = [
  "hi",
  "timer",
  "netTx",
  "netRx",
  "block",
  "blockIoPoll",
  "tasklet",
  "sched",
  "hrtimer",
  "rcu",
] as const;

/** Soft interrupts by kind since boot. */
export type SoftIrqs = Record<(typeof SOFT_IRQS)[number], bigint>;

/** The counters of `/proc/stat`. */
export interface SystemStat {
  /** Seconds since 1970 at boot. */
  bootTime: bigint;
  cpuTotal: CpuTimes;
  cpu: CpuTimes[];
  irqTotal: bigint;
  irq: bigint[];
  contextSwitches: bigint;
  processCreated: bigint;
  processRunning: bigint;
  processBlocked: bigint;
  softIrqTotal: bigint;
  softIrq: SoftIrqs;
}

/** `/proc/stat`; what is absent is 0. */
export function parseStat(text: string): SystemStat {
  const stat: SystemStat = {
    bootTime: 0n,
    cpuTotal: cpuTimes([]),
    cpu: [],
    irqTotal: 0n,
    irq: [],
    contextSwitches: 0n,
    processCreated: 0n,
    processRunning: 0n,
    processBlocked: 0n,
    softIrqTotal: 0n,
    softIrq: softIrqs([]),
  };
  for (const line of text.split("\n")) {
    const [name = "", ...values] = words(line);
    readLine(stat, name, values);
  }
  return stat;
}

function readLine(stat: SystemStat, name: string, values: string[]): void {
  if (/^cpu\d+$/.test(name)) stat.cpu.push(cpuTimes(values));
  const first = u64(values[0]);
  switch (name) {
    case "cpu":
      stat.cpuTotal = cpuTimes(values);
      break;
    case "intr":
      stat.irqTotal = first;
      stat.irq = values.slice(1).map(u64);
      break;
    case "softirq":
      stat.softIrqTotal = first;
      stat.softIrq = softIrqs(values.slice(1));
      break;
    case "ctxt":
      stat.contextSwitches = first;
      break;
    case "btime":
      stat.bootTime = first;
      break;
    case "processes":
      stat.processCreated = first;
      break;
    case "procs_running":
      stat.processRunning = first;
      break;
    case "procs_blocked":
      stat.processBlocked = first;
      break;
  }
}

function cpuTimes(values: readonly string[]): CpuTimes {
  const [user, nice, system, idle, iowait, irq, softIrq, steal, guest, guestNice] = values;
  return {
    user: ticks(user),
    nice: ticks(nice),
    system: ticks(system),
    idle: ticks(idle),
    iowait: ticks(iowait),
    irq: ticks(irq),
    softIrq: ticks(softIrq),
    steal: ticks(steal),
    guest: ticks(guest),
    guestNice: ticks(guestNice),
  };
}

function softIrqs(values: readonly string[]): SoftIrqs {
  const entries = SOFT_IRQS.map((name, at) => [name, u64(values[at])]);
  return Object.fromEntries(entries) as SoftIrqs;
}
