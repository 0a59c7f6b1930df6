import { flag } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { humanBytes } from "../output/humanize.ts";
import { type Session, tableCommand } from "../session.ts";

/** `talosctl usage` */
export const usageCommand = tableCommand({
  summary: "Retrieve a disk usage",
  args: { usage: "[path1] [path2] ... [pathN]", min: 0, max: Infinity },
  flags: {
    all: flag.boolean("write counts for all files, not just directories", { short: "a" }),
    humanize: flag.boolean("humanize size and time in the output", { short: "H" }),
    depth: flag.int("maximum recursion depth", { short: "d" }),
    threshold: flag.int(
      "threshold exclude entries smaller than SIZE if positive, or entries greater than SIZE if negative",
      { short: "t" },
    ),
  },
  async run({ all, humanize, depth, threshold }, session: Session, paths) {
    const client = await session.client();
    const rows: string[][] = [];
    let named = false;
    const stream = client.stream(MachineService.method.diskUsage, {
      // The wire counts the starting directory as a level.
      recursionDepth: depth + 1,
      all,
      threshold: BigInt(threshold),
      paths: paths.length === 0 ? ["/"] : [...paths],
    });
    for await (const answer of stream) {
      const { size, relativeName, error } = answer.message;
      named ||= answer.named;
      if (error !== "") {
        client.failures.push({ node: answer.node, reason: error });
        continue;
      }
      rows.push([answer.node, humanize ? humanBytes(size) : String(size), relativeName]);
    }
    const table = [["NODE", "SIZE", "NAME"], ...rows];
    session.out.table(named ? table : table.map((row) => row.slice(1)));
  },
});
