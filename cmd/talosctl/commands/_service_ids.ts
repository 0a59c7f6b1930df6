import type { Candidate } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import type { Session } from "../session.ts";

/** A tab key does not wait longer than this for a node. */
const COMPLETION_MS = 2_000;

/** The ids of the services on the nodes in reach, for completion. */
export async function serviceIds(session: Session): Promise<Candidate[]> {
  const client = await session.client();
  const answers = await client.unary(MachineService.method.serviceList, {}, {
    timeoutMs: COMPLETION_MS,
  });
  const ids = answers.flatMap(({ message }) => message.services.map(({ id }) => id));
  return [...new Set(ids)].sort().map((value) => ({ value }));
}
