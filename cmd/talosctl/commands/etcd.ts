import { exactly, group } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { command, type Session, tableCommand } from "../session.ts";

const membersCommand = tableCommand({
  summary: "Get the list of etcd cluster members",
  async run(_flags, session: Session) {
    const client = await session.client();
    const answers = await client.unary(MachineService.method.etcdMemberList, { queryLocal: true });
    const rows = answers.map(({ node, message }) => [node, message.members.join(",")]);
    const table = [["NODE", "MEMBERS"], ...rows];
    const named = answers.some((answer) => answer.named);
    session.out.table(named ? table : table.map((row) => row.slice(1)));
  },
});

const leaveCommand = command({
  summary: "Tell nodes to leave etcd cluster",
  async run(_flags, session: Session) {
    await (await session.client()).unary(MachineService.method.etcdLeaveCluster, {});
  },
});

const forfeitCommand = command({
  summary: "Tell node to forfeit etcd cluster leadership",
  async run(_flags, session: Session) {
    await (await session.client()).unary(MachineService.method.etcdForfeitLeadership, {});
  },
});

const removeCommand = command({
  summary: "Remove the node from etcd cluster",
  description: `Use this command only if you want to remove a member which is in broken state.
If there is no access to the node, or the node can't access etcd to call etcd leave.
Always prefer etcd leave over this command.`,
  args: exactly("<hostname>"),
  async run(_flags, session: Session, [member = ""]) {
    const client = await session.client();
    await client.unary(MachineService.method.etcdRemoveMember, { member });
  },
});

/** `talosctl etcd` */
export const etcdCommand = group<Session>({
  summary: "Manage etcd",
  children: [
    { names: ["forfeit-leadership"], load: () => Promise.resolve(forfeitCommand) },
    { names: ["leave"], load: () => Promise.resolve(leaveCommand) },
    { names: ["members"], load: () => Promise.resolve(membersCommand) },
    { names: ["remove-member"], load: () => Promise.resolve(removeCommand) },
    {
      names: ["snapshot"],
      load: async () => (await import("./etcd_snapshot.ts")).snapshotCommand,
    },
    { names: ["status"], load: async () => (await import("./etcd_status.ts")).statusCommand },
  ],
});
