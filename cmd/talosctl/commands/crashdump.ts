import { crashDump } from "../crashdump.ts";
import { command, type Session } from "../session.ts";
import { MEMBER_FLAGS, membersByFlags } from "./_members.ts";

/** `talosctl crashdump` */
export const crashdumpCommand = command({
  summary: "Dump debug information about the cluster",
  description:
    `Dump debug information about the cluster: release, services, kernel log and all logs of
each node that the flags or the context name.`,
  flags: MEMBER_FLAGS,
  async run(flags, session: Session) {
    const client = await session.client();
    const { controlPlane, workers } = membersByFlags(flags);
    const named = [...controlPlane, ...workers];
    const nodes = named.length > 0 ? named : client.nodes;
    // Without any the first endpoint answers, as it does for every command.
    const dumps = nodes.length > 0
      ? nodes.map((node) => crashDump(client.only(node), node))
      : [crashDump(client, client.balancer.first)];
    for (const dump of dumps) for await (const text of dump) session.out.write(text);
  },
});
