import {
  addMember,
  checkHealth,
  type EtcdClient,
  EtcdError,
  listMembers,
  type Member,
  promoteMember,
  removeMember,
} from "$lib/etcd/mod.ts";
import type { EtcdAccess } from "./access.ts";
import { type MemberIdentity, type MemberPlan, peerUrl } from "./arguments.ts";

/** How long a member may take to show that it is there, milliseconds. */
const ALIVE_MS = 5_000;

/**
 * Makes this machine a member of a cluster that runs, without a vote at first: a member that does not
 * come up then costs the others no quorum. What the cluster remembers of an earlier life of this
 * machine goes, for its data is gone; `access` reaches a member, to see that it is not another's life.
 *
 * @throws {Error} when another machine is a member under this one's name
 */
export async function joinCluster(
  etcd: EtcdClient,
  access: Pick<EtcdAccess, "at">,
  identity: MemberIdentity,
  signal: AbortSignal,
): Promise<MemberPlan> {
  const url = peerUrl(identity.address);
  const members = await listMembers(etcd, { signal });
  const known = knownMember(members, { ...identity, url });
  if (known?.name) {
    if (!known.peerUrls.includes(url) && await isAlive(known, access, signal)) {
      throw new Error(
        `another machine is a member under the name "${known.name}", at ` +
          `${known.peerUrls.join(", ")}: give this one another machine.network.hostname`,
      );
    }
    await removeMember(etcd, known.id, { signal });
  }
  const joined = known && !known.name
    ? members
    : (await addMember(etcd, url, { signal, learner: true })).members;
  return { state: "existing", initialCluster: initialCluster(joined, { ...identity, url }) };
}

/** Whether a member answers: this machine has no data, so it would be another. */
async function isAlive(
  { clientUrls }: Member,
  access: Pick<EtcdAccess, "at">,
  signal: AbortSignal,
): Promise<boolean> {
  if (clientUrls.length === 0) return false;
  using client = await access.at(clientUrls);
  return await checkHealth(client, { signal, timeoutMs: ALIVE_MS }).then(() => true, () => false);
}

/** The entry that the cluster has of a machine, by its URL or its name. */
export function knownMember(
  members: readonly Member[],
  { name, url }: { readonly name: string; readonly url: string },
): Member | undefined {
  return members.find(({ peerUrls }) => peerUrls.includes(url)) ??
    members.find((member) => member.name === name);
}

/** All members as etcd's command line lists them. Those that have not started are known by URL. */
export function initialCluster(
  members: readonly Member[],
  own: { readonly name: string; readonly url: string },
): string[] {
  return members.flatMap(({ id, name, peerUrls }) => {
    const isOwn = peerUrls.includes(own.url);
    return peerUrls.map((url) => `${isOwn ? own.name : name || `member-${id}`}=${url}`);
  });
}

/** gRPC's FailedPrecondition: the member has its vote already, or is not in step yet. */
const FAILED_PRECONDITION = 9;

/** Asks the others to give a learner its vote; throws why they do not yet. */
export async function promote(etcd: EtcdClient, id: string, signal: AbortSignal): Promise<void> {
  try {
    await promoteMember(etcd, id, { signal });
  } catch (error) {
    if (error instanceof EtcdError && error.code === FAILED_PRECONDITION) {
      if (error.message.includes("can only promote a learner member")) return;
      throw new Error("it is a learner that is not in step with the leader yet", { cause: error });
    }
    throw error;
  }
}
