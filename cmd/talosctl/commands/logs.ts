import { exactly, flag } from "$lib/cli/mod.ts";
import { ContainerDriver } from "$proto/common/common_pb.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { containerScope, SCOPE_FLAGS } from "../output/scope.ts";
import { NodeLines } from "../output/lines.ts";
import { command, type Session } from "../session.ts";
import { serviceIds } from "./_service_ids.ts";

/** `talosctl logs` */
export const logsCommand = command({
  summary: "Retrieve logs for a service",
  args: exactly("<service>"),
  flags: {
    ...SCOPE_FLAGS,
    follow: flag.boolean("specify if the logs should be streamed", { short: "f" }),
    tail: flag.int("lines of log file to display (default is to show from the beginning)", {
      fallback: -1,
      shownFallback: "-1",
    }),
  },
  async run({ follow, tail, kubernetes, useCri }, session: Session, [id = ""]) {
    const client = await session.client();
    const lines = new NodeLines();
    const { namespace, driver } = containerScope(kubernetes);
    const request = {
      namespace,
      driver: useCri ? ContainerDriver.CRI : driver,
      id,
      follow,
      tailLines: tail,
    };
    for await (
      const { node, message } of client.stream(MachineService.method.logs, request, { follow })
    ) {
      for (const line of lines.push(node, message.bytes)) session.out.line(line);
    }
    for (const line of lines.end()) session.out.line(line);
  },
  async complete(session, args) {
    return args.length > 0 ? [] : await serviceIds(session);
  },
});
