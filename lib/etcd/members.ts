import type { EtcdCall, EtcdClient } from "./client.ts";

/** A member of the cluster. */
export interface Member {
  /** Decimal, as etcd's JSON has it. */
  readonly id: string;
  /** The host's name; empty until the member has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  /** A learner has no vote yet. */
  readonly learner: boolean;
}

interface RawMember {
  readonly ID?: string;
  readonly name?: string;
  readonly peerURLs?: readonly string[];
  readonly clientURLs?: readonly string[];
  readonly isLearner?: boolean;
}

/** All members, sorted by name. */
export async function listMembers(etcd: EtcdClient, call: EtcdCall = {}): Promise<Member[]> {
  const { members } = await etcd.call<{ members?: RawMember[] }>(
    "cluster/member/list",
    { linearizable: true },
    call,
  );
  return (members ?? []).map(memberOf).sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Adds a member by the URL that it will listen on for the others; gives it and the new list. */
export async function addMember(
  etcd: EtcdClient,
  peerUrl: string,
  { learner = false, ...call }: EtcdCall & { readonly learner?: boolean } = {},
): Promise<{ readonly member: Member; readonly members: readonly Member[] }> {
  const { member, members } = await etcd.call<{ member: RawMember; members: RawMember[] }>(
    "cluster/member/add",
    { peerURLs: [peerUrl], isLearner: learner },
    call,
  );
  return { member: memberOf(member), members: members.map(memberOf) };
}

/** Removes a member. */
export async function removeMember(
  etcd: EtcdClient,
  id: string,
  call: EtcdCall = {},
): Promise<void> {
  await etcd.call("cluster/member/remove", { ID: id }, call);
}

/** Gives a learner its vote. @throws {EtcdError} while it is behind the others. */
export async function promoteMember(
  etcd: EtcdClient,
  id: string,
  call: EtcdCall = {},
): Promise<void> {
  await etcd.call("cluster/member/promote", { ID: id }, call);
}

/** The member of this host name. @throws {Error} when there is none. */
export function memberNamed(members: readonly Member[], name: string): Member {
  const found = members.find((member) => member.name === name);
  if (found) return found;
  const have = members.map((member) => member.name || "(not started)").join(", ");
  throw new Error(`Cannot find etcd member "${name}": the members are ${have}`);
}

function memberOf(raw: RawMember): Member {
  return {
    id: raw.ID ?? "0",
    name: raw.name ?? "",
    peerUrls: raw.peerURLs ?? [],
    clientUrls: raw.clientURLs ?? [],
    learner: raw.isLearner ?? false,
  };
}
