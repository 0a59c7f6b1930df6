import {
  parseCpuinfo,
  parseDiskstats,
  parseLoadavg,
  parseMeminfo,
  parseNetDev,
  parseStat,
  totalDiskstats,
  totalNetDev,
} from "$lib/procfs/mod.ts";
import type { MachineApi } from "./_impl.ts";

/** How the kernel's counters are read. */
export interface ProcDeps {
  /** The text of a file under /proc, e.g. `net/dev`. */
  readonly readProc: (path: string) => Promise<string>;
}

/** Answers the kernel's counters. */
export function statisticsApi({ readProc }: ProcDeps): MachineApi<
  "memory" | "loadAvg" | "cPUInfo" | "diskStats" | "networkDeviceStats" | "systemStat"
> {
  return {
    async memory() {
      return { messages: [{ meminfo: parseMeminfo(await readProc("meminfo")) }] };
    },
    async loadAvg() {
      return { messages: [parseLoadavg(await readProc("loadavg"))] };
    },
    async cPUInfo() {
      return { messages: [{ cpuInfo: parseCpuinfo(await readProc("cpuinfo")) }] };
    },
    async diskStats() {
      const devices = parseDiskstats(await readProc("diskstats"));
      return { messages: [{ total: totalDiskstats(devices), devices }] };
    },
    async networkDeviceStats() {
      const devices = parseNetDev(await readProc("net/dev"));
      return { messages: [{ total: totalNetDev(devices), devices }] };
    },
    async systemStat() {
      return { messages: [parseStat(await readProc("stat"))] };
    },
  };
}
