import { flag } from "$lib/cli/mod.ts";
import { MachineService, type MemInfo } from "$proto/machine/machine_pb.ts";
import { nodeRows } from "../output/node_rows.ts";
import { type Session, tableCommand } from "../session.ts";

/** `talosctl memory` */
export const memoryCommand = tableCommand({
  summary: "Show memory usage",
  flags: {
    verbose: flag.boolean("display extended memory statistics", { short: "v" }),
  },
  async run({ verbose }, session: Session) {
    const client = await session.client();
    const answers = await client.unary(MachineService.method.memory, {});
    if (!verbose) {
      const rows = nodeRows(answers, ({ meminfo }) => meminfo ? [memoryRow(meminfo)] : []);
      return session.out.table([MEMORY_HEADER, ...rows]);
    }
    for (const { node, message } of answers) {
      session.out.line(`NODE: ${node}`);
      for (const line of meminfoLines(message.meminfo)) session.out.line(line);
    }
  },
});

/** The columns of `talosctl memory`, all but the first in MB. */
export const MEMORY_HEADER = [
  "NODE",
  "TOTAL",
  "USED",
  "FREE",
  "SHARED",
  "BUFFERS",
  "CACHE",
  "AVAILABLE",
] as const;

/** The figures of one node in whole MB, in the order of the header. */
export function memoryRow(info: MemInfo): string[] {
  const used = info.memtotal - info.memfree - info.cached - info.buffers;
  const kilobytes = [
    info.memtotal,
    used < 0n ? 0n : used,
    info.memfree,
    info.shmem,
    info.buffers,
    info.cached,
    info.memavailable,
  ];
  return kilobytes.map((kb) => String(kb / 1024n));
}

/** Every field of /proc/meminfo under the kernel's own name. */
const MEMINFO: readonly (readonly [label: string, field: keyof MemInfo, unit: "kB" | ""])[] = [
  ["MemTotal", "memtotal", "kB"],
  ["MemFree", "memfree", "kB"],
  ["MemAvailable", "memavailable", "kB"],
  ["Buffers", "buffers", "kB"],
  ["Cached", "cached", "kB"],
  ["SwapCached", "swapcached", "kB"],
  ["Active", "active", "kB"],
  ["Inactive", "inactive", "kB"],
  ["ActiveAnon", "activeanon", "kB"],
  ["InactiveAnon", "inactiveanon", "kB"],
  ["ActiveFile", "activefile", "kB"],
  ["InactiveFile", "inactivefile", "kB"],
  ["Unevictable", "unevictable", "kB"],
  ["Mlocked", "mlocked", "kB"],
  ["SwapTotal", "swaptotal", "kB"],
  ["SwapFree", "swapfree", "kB"],
  ["Dirty", "dirty", "kB"],
  ["Writeback", "writeback", "kB"],
  ["AnonPages", "anonpages", "kB"],
  ["Mapped", "mapped", "kB"],
  ["Shmem", "shmem", "kB"],
  ["Slab", "slab", "kB"],
  ["SReclaimable", "sreclaimable", "kB"],
  ["SUnreclaim", "sunreclaim", "kB"],
  ["KernelStack", "kernelstack", "kB"],
  ["PageTables", "pagetables", "kB"],
  ["NFSUnstable", "nfsunstable", "kB"],
  ["Bounce", "bounce", "kB"],
  ["WritebackTmp", "writebacktmp", "kB"],
  ["CommitLimit", "commitlimit", "kB"],
  ["CommittedAS", "committedas", "kB"],
  ["VmallocTotal", "vmalloctotal", "kB"],
  ["VmallocUsed", "vmallocused", "kB"],
  ["VmallocChunk", "vmallocchunk", "kB"],
  ["HardwareCorrupted", "hardwarecorrupted", "kB"],
  ["AnonHugePages", "anonhugepages", "kB"],
  ["ShmemHugePages", "shmemhugepages", "kB"],
  ["ShmemPmdMapped", "shmempmdmapped", "kB"],
  ["CmaTotal", "cmatotal", "kB"],
  ["CmaFree", "cmafree", "kB"],
  ["HugePagesTotal", "hugepagestotal", ""],
  ["HugePagesFree", "hugepagesfree", ""],
  ["HugePagesRsvd", "hugepagesrsvd", ""],
  ["HugePagesSurp", "hugepagessurp", ""],
  ["Hugepagesize", "hugepagesize", "kB"],
  ["DirectMap4k", "directmap4k", "kB"],
  ["DirectMap2M", "directmap2m", "kB"],
  ["DirectMap1G", "directmap1g", "kB"],
];

/** One line a field; empty when the node sent none. */
export function meminfoLines(info: MemInfo | undefined): string[] {
  if (!info) return [];
  return MEMINFO.map(([label, field, unit]) => `${label}: ${info[field]} ${unit}`.trimEnd());
}
