import { flag } from "$lib/cli/mod.ts";
import { TimeService } from "$proto/time/time_pb.ts";
import { nodeRows } from "../output/node_rows.ts";
import { goTime } from "../output/time.ts";
import { type Session, tableCommand } from "../session.ts";

/** `talosctl time` */
export const timeCommand = tableCommand({
  summary: "Gets current server time",
  flags: {
    check: flag.string("checks server time against specified ntp server", { short: "c" }),
  },
  async run({ check }, session: Session) {
    const client = await session.client();
    const answers = check === ""
      ? await client.unary(TimeService.method.time, {})
      : await client.unary(TimeService.method.timeCheck, { server: check });
    const rows = nodeRows(answers, ({ server, localtime, remotetime }) => [[
      server,
      localtime ? goTime(localtime) : "",
      remotetime ? goTime(remotetime) : "",
    ]]);
    session.out.table([["NODE", "NTP-SERVER", "NODE-TIME", "NTP-SERVER-TIME"], ...rows]);
  },
});
