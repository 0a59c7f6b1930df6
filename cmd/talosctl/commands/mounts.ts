import { MachineService, type MountStat } from "$proto/machine/machine_pb.ts";
import { nodeRows } from "../output/node_rows.ts";
import { type Session, tableCommand } from "../session.ts";

/** `talosctl mounts` */
export const mountsCommand = tableCommand({
  summary: "List mounts",
  async run(_flags, session: Session) {
    const client = await session.client();
    const answers = await client.unary(MachineService.method.mounts, {});
    const rows = nodeRows(answers, ({ stats }) => stats.filter((s) => s.size > 0n).map(mountRow));
    session.out.table([MOUNTS_HEADER, ...rows]);
  },
});

const MOUNTS_HEADER = [
  "NODE",
  "FILESYSTEM",
  "SIZE(GB)",
  "USED(GB)",
  "AVAILABLE(GB)",
  "PERCENT USED",
  "MOUNTED ON",
];

/** One mount, sizes in GB; the size must not be 0, as the share used would have no value. */
export function mountRow({ filesystem, size, available, mountedOn }: MountStat): string[] {
  const percent = 100 - 100 * Number(available) / Number(size);
  return [
    filesystem,
    gigabytes(size),
    gigabytes(size - available),
    gigabytes(available),
    `${percent.toFixed(2)}%`,
    mountedOn,
  ];
}

function gigabytes(bytes: bigint): string {
  return (Number(bytes) * 1e-9).toFixed(2);
}
