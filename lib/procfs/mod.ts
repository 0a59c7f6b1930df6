/**
 * The text files of /proc as values. Pure: the caller reads the file, a line that is not known or
 * garbled is passed over, nothing here throws.
 *
 * ```ts
 * import { parseLoadavg } from "$lib/procfs/mod.ts";
 *
 * parseLoadavg("0.52 0.58 0.59 1/389 1234\n").load5; // 0.58
 * ```
 *
 * @module
 */
export { parseCpuinfo } from "./cpuinfo.ts";
export { type DiskCounters, parseDiskstats, totalDiskstats } from "./diskstats.ts";
export { type LoadAverage, parseLoadavg } from "./loadavg.ts";
export { parseMeminfo } from "./meminfo.ts";
export { type MountEntry, type MountInfo, mountOf, parseMountinfo, parseMounts } from "./mounts.ts";
export { type NetworkCounters, parseNetDev, totalNetDev } from "./netdev.ts";
export { parseCmdline, parseProcessStat, parseProcessStatus, type ProcessStat } from "./process.ts";
export { type CpuTimes, parseStat, type SoftIrqs, type SystemStat } from "./stat.ts";
