import { NetworkService } from "$proto/network/network_pb.ts";
import { nodeRows } from "../output/node_rows.ts";
import { type Session, tableCommand } from "../session.ts";

/** `talosctl routes` */
export const routesCommand = tableCommand({
  summary: "List network routes",
  async run(_flags, session: Session) {
    const client = await session.client();
    const answers = await client.unary(NetworkService.method.routes, {});
    const rows = nodeRows(
      answers,
      ({ routes }) => routes.map((r) => [r.interface, r.destination, r.gateway, String(r.metric)]),
    );
    session.out.table([["NODE", "INTERFACE", "DESTINATION", "GATEWAY", "METRIC"], ...rows]);
  },
});
