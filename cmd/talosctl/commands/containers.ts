import { type ContainerInfo, MachineService } from "$proto/machine/machine_pb.ts";
import { containerScope, SCOPE_FLAGS } from "../output/scope.ts";
import { nodeRows } from "../output/node_rows.ts";
import { type Session, tableCommand } from "../session.ts";

/** `talosctl containers` */
export const containersCommand = tableCommand({
  summary: "List containers",
  flags: SCOPE_FLAGS,
  async run({ kubernetes }, session: Session) {
    const client = await session.client();
    const answers = await client.unary(
      MachineService.method.containers,
      containerScope(kubernetes),
    );
    const rows = nodeRows(
      answers,
      ({ containers }) => containers.toSorted((a, b) => a.id < b.id ? -1 : 1).map(containerRow),
    );
    session.out.table([["NODE", "NAMESPACE", "ID", "IMAGE", "PID", "STATUS"], ...rows]);
  },
});

/** One container; those inside a pod's sandbox are set off from it. */
export function containerRow(container: ContainerInfo): string[] {
  const { namespace, image, pid, status } = container;
  return [namespace, sandboxed(container), image, String(pid), status];
}

/** A container's id, marked when it lives in a pod's sandbox. */
export function sandboxed({ id, podId }: { readonly id: string; readonly podId: string }): string {
  return id === podId ? id : `└─ ${id}`;
}
