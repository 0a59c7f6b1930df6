import { type EtcdStatus, MachineService } from "$proto/machine/machine_pb.ts";
import { humanBytes } from "../output/humanize.ts";
import { nodeRows } from "../output/node_rows.ts";
import { type Session, tableCommand } from "../session.ts";

const HEADER = [
  ...["NODE", "MEMBER", "DB SIZE", "IN USE", "LEADER", "RAFT INDEX", "RAFT TERM"],
  ...["RAFT APPLIED INDEX", "LEARNER", "ERRORS"],
] as const;

/** `talosctl etcd status` */
export const statusCommand = tableCommand({
  summary: "Get the status of etcd cluster member",
  async run(_flags, session: Session) {
    const client = await session.client();
    const answers = await client.unary(MachineService.method.etcdStatus, {});
    session.out.table([HEADER, ...nodeRows(answers, statusRows)]);
  },
});

/** One member's row, without the node; none when the node sent no status. */
export function statusRows({ memberStatus: status }: EtcdStatus): string[][] {
  if (!status) return [];
  return [[
    memberId(status.memberId),
    humanBytes(status.dbSize),
    `${humanBytes(status.dbSizeInUse)} (${share(status.dbSizeInUse, status.dbSize)})`,
    status.leader === 0n ? "none" : memberId(status.leader),
    String(status.raftIndex),
    String(status.raftTerm),
    String(status.raftAppliedIndex),
    String(status.isLearner),
    status.errors.join(", "),
  ]];
}

/** etcd writes member ids in hexadecimal. */
function memberId(id: bigint): string {
  return id.toString(16).padStart(16, "0");
}

function share(part: bigint, whole: bigint): string {
  return whole === 0n ? "0.00%" : `${(Number(part) / Number(whole) * 100).toFixed(2)}%`;
}
