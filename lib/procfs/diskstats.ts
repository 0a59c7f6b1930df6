import { u64, words } from "./_fields.ts";

const COUNTERS = [
  "readCompleted",
  "readMerged",
  "readSectors",
  "readTimeMs",
  "writeCompleted",
  "writeMerged",
  "writeSectors",
  "writeTimeMs",
  "ioInProgress",
  "ioTimeMs",
  "ioTimeWeightedMs",
  "discardCompleted",
  "discardMerged",
  "discardSectors",
  "discardTimeMs",
] as const;

/** The counters of one block device; a sector is 512 bytes. */
export type DiskCounters =
  & { readonly name: string }
  & Readonly<Record<(typeof COUNTERS)[number], bigint>>;

/** `/proc/diskstats`; kernels before 4.18 have no discard counters, they are 0 then. */
export function parseDiskstats(text: string): DiskCounters[] {
  return text.split("\n").flatMap((line) => {
    const [, , name, ...values] = words(line);
    return name === undefined || values.length < 11 ? [] : [counters(name, values.map(u64))];
  });
}

/** The sum over all devices, without a name. */
export function totalDiskstats(devices: readonly DiskCounters[]): DiskCounters {
  return counters("", COUNTERS.map((c) => devices.reduce((sum, device) => sum + device[c], 0n)));
}

function counters(name: string, values: readonly bigint[]): DiskCounters {
  const entries = COUNTERS.map((counter, at) => [counter, values[at] ?? 0n]);
  return { name, ...Object.fromEntries(entries) };
}
