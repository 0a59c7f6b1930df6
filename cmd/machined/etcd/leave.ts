import {
  type EtcdClient,
  EtcdError,
  forfeitLeadership,
  listMembers,
  memberNamed,
  removeMember,
} from "$lib/etcd/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
import type { EtcdAccess } from "./access.ts";
import type { DataDirectory } from "./data_directory.ts";

/** What leaving a cluster needs. */
export interface LeaveDeps {
  readonly access: Pick<EtcdAccess, "local" | "at">;
  readonly data: Pick<DataDirectory, "wipe">;
  readonly services: { stop(id: string): Promise<void> };
  readonly bootstrap: { asked: boolean };
  readonly hostname: () => string;
}

/** gRPC's Unavailable: a cluster that changed a moment ago takes no further change. */
const UNAVAILABLE = 14;
/** gRPC's NotFound: the answer to a removal was lost, and it is asked for again. */
const NOT_FOUND = 5;
const SETTLE_MS = 30_000;
const RETRY_MS = 1_000;

/** This machine's member is the only one: without it there is no cluster. */
export class LastMemberError extends Error {
  override readonly name = "LastMemberError";
}

/**
 * Takes this machine's member out of its cluster, ends etcd and removes its data.
 *
 * @throws {LastMemberError} before anything has changed
 */
export async function leaveEtcd(deps: LeaveDeps, signal: AbortSignal): Promise<void> {
  const { access, services, bootstrap, data, hostname } = deps;
  using etcd = await access.local();
  const members = await listMembers(etcd, { signal });
  const own = memberNamed(members, hostname());
  // Asked of those that stay: a member that sees its own removal ends, often before it answers.
  const stay = members.filter(({ id, name, learner }) => id !== own.id && name !== "" && !learner);
  if (stay.length === 0) {
    throw new LastMemberError(`Cannot leave etcd: "${own.name}" is its only member`);
  }
  await forfeitLeadership(etcd, { signal }).catch((error) => {
    // Learners cannot lead: then the removal lets the others elect.
    if (error instanceof EtcdError) throw error;
  });
  using others = await access.at(stay.flatMap(({ clientUrls }) => clientUrls));
  await removeWhenSettled(others, own.id, signal);
  // A member that comes back must join: it founds no second cluster.
  bootstrap.asked = false;
  await services.stop("etcd");
  await data.wipe();
}

/** Removes a member; waits while the cluster is not settled after its last change. One that is gone is done. */
export async function removeWhenSettled(
  etcd: EtcdClient,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const endMs = performance.now() + SETTLE_MS;
  while (true) {
    try {
      return await removeMember(etcd, id, { signal });
    } catch (error) {
      const code = error instanceof EtcdError ? error.code : undefined;
      if (code === NOT_FOUND) return;
      const unsettled = code === UNAVAILABLE;
      if (!unsettled || performance.now() > endMs) throw error;
    }
    await systemClock.sleep(RETRY_MS, signal);
    signal.throwIfAborted();
  }
}
