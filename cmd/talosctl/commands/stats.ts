import { MachineService, type Stat } from "$proto/machine/machine_pb.ts";
import { containerScope, SCOPE_FLAGS } from "../output/scope.ts";
import { nodeRows } from "../output/node_rows.ts";
import { type Session, tableCommand } from "../session.ts";
import { sandboxed } from "./containers.ts";

/** `talosctl stats` */
export const statsCommand = tableCommand({
  summary: "Get container stats",
  flags: SCOPE_FLAGS,
  async run({ kubernetes }, session: Session) {
    const client = await session.client();
    const answers = await client.unary(MachineService.method.stats, containerScope(kubernetes));
    const rows = nodeRows(
      answers,
      ({ stats }) => stats.toSorted((a, b) => a.id < b.id ? -1 : 1).map(statRow),
    );
    session.out.table([["NODE", "NAMESPACE", "ID", "MEMORY(MB)", "CPU"], ...rows]);
  },
});

function statRow(stat: Stat): string[] {
  const megabytes = (Number(stat.memoryUsage) * 1e-6).toFixed(2);
  return [stat.namespace, sandboxed(stat), megabytes, String(stat.cpuUsage)];
}
