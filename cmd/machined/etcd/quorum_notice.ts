/** What users are told before a member leaves its cluster without a quorum for a while. */
import type { EventRing } from "$lib/service/mod.ts";
import { ServiceStateEvent_Action, ServiceStateEventSchema } from "$proto/machine/machine_pb.ts";

/** With so many members none can be away without the quorum going, too. */
const TOO_FEW = 2;

/** Says by log and event that etcd serves nothing until this machine is back, where that is so. */
export function tellOfQuorum(
  members: number,
  { events, log }: {
    readonly events: Pick<EventRing, "publish">;
    readonly log: (line: string) => void;
  },
): void {
  if (members > TOO_FEW) return;
  const message = `etcd has ${members} member(s): the cluster is without a quorum until this ` +
    "machine is back";
  log(message);
  events.publish(ServiceStateEventSchema, {
    ...{ service: "etcd", action: ServiceStateEvent_Action.RUNNING, message },
  });
}
