import { flag } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import type { Client } from "../client/client.ts";
import {
  PROCESS_PADDING,
  processRows,
  type ProcessSort,
  processTable,
} from "../output/processes.ts";
import { type Session, tableCommand } from "../session.ts";

const REFRESH_MS = 1_000;

/** `talosctl processes` */
export const processesCommand = tableCommand({
  summary: "List running processes",
  flags: {
    sort: flag.string("Column to sort output by. [rss|cpu]", {
      short: "s",
      fallback: "rss",
      choices: ["rss", "cpu"],
    }),
    watch: flag.boolean("Stream running processes", { short: "w" }),
  },
  async run({ sort, watch }, session: Session) {
    const client = await session.client();
    const by = sort === "cpu" ? "cpu" : "rss";
    if (!watch) {
      return session.out.table(processRows(await processes(client), by), PROCESS_PADDING);
    }
    await watchProcesses(session, by, async (now) => processTable(await processes(client), now));
  },
});

function processes(client: Client): Promise<Parameters<typeof processTable>[0]> {
  return client.unary(MachineService.method.processes, {});
}

/** Redraws the screen each second until `q`; `c` sorts by CPU time, `r` and `m` by memory. */
async function watchProcesses(
  session: Session,
  first: ProcessSort,
  table: (by: ProcessSort) => Promise<string>,
): Promise<void> {
  await using screen = session.host.screen();
  let by = first;
  while (!session.signal.aborted) {
    screen.draw(await table(by));
    const key = await screen.key(REFRESH_MS, session.signal);
    if (key === "q" || key === "\x03") return;
    if (key === "c") by = "cpu";
    if (key === "r" || key === "m") by = "rss";
  }
}
