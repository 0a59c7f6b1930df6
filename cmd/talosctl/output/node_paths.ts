import type { Candidate } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import type { Session } from "../session.ts";

/** A tab key does not wait longer than this for a node. */
const COMPLETION_MS = 2_000;

/** The paths at the top of a node's file system, for completion. */
export async function nodePaths(
  session: Session,
  { directories }: { readonly directories: boolean },
): Promise<Candidate[]> {
  const client = await session.client();
  const found = new Set<string>();
  const stream = client.stream(MachineService.method.list, { root: "/" }, {
    timeoutMs: COMPLETION_MS,
  });
  for await (const { message } of stream) {
    if (message.relativeName === "." || message.error !== "") continue;
    if (message.isDir) found.add(`/${message.relativeName}/`);
    else if (!directories) found.add(`/${message.relativeName}`);
  }
  return [...found].sort().map((value) => ({ value }));
}
