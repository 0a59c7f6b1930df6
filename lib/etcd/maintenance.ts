import type { EtcdCall, EtcdClient } from "./client.ts";
import { listMembers } from "./members.ts";

/** How one member is. */
export interface MemberStatus {
  readonly memberId: string;
  readonly leader: string;
  readonly version: string;
  readonly dbSizeBytes: bigint;
  readonly dbSizeInUseBytes: bigint;
  readonly raftIndex: bigint;
  readonly raftTerm: bigint;
  readonly raftAppliedIndex: bigint;
  readonly learner: boolean;
  readonly errors: readonly string[];
}

interface RawStatus {
  readonly header: { readonly member_id: string };
  readonly leader?: string;
  readonly version?: string;
  readonly dbSize?: string;
  readonly dbSizeInUse?: string;
  readonly raftIndex?: string;
  readonly raftTerm?: string;
  readonly raftAppliedIndex?: string;
  readonly isLearner?: boolean;
  readonly errors?: readonly string[];
}

/** How the member that is called is. */
export async function memberStatus(etcd: EtcdClient, call: EtcdCall = {}): Promise<MemberStatus> {
  const raw = await etcd.call<RawStatus>("maintenance/status", {}, call);
  return {
    memberId: raw.header.member_id,
    leader: raw.leader ?? "0",
    version: raw.version ?? "",
    dbSizeBytes: BigInt(raw.dbSize ?? 0),
    dbSizeInUseBytes: BigInt(raw.dbSizeInUse ?? 0),
    raftIndex: BigInt(raw.raftIndex ?? 0),
    raftTerm: BigInt(raw.raftTerm ?? 0),
    raftAppliedIndex: BigInt(raw.raftAppliedIndex ?? 0),
    learner: raw.isLearner ?? false,
    errors: raw.errors ?? [],
  };
}

/**
 * Lets another member lead when the one that is called leads; gives the name of the new leader, or
 * nothing when it did not lead. @throws {Error} when there is nobody else to lead.
 */
export async function forfeitLeadership(
  etcd: EtcdClient,
  call: EtcdCall = {},
): Promise<string | undefined> {
  const { leader, memberId } = await memberStatus(etcd, call);
  if (leader !== memberId) return undefined;
  const others = (await listMembers(etcd, call)).filter(({ id, name, learner }) =>
    id !== memberId && name !== "" && !learner
  );
  const [next] = others;
  if (!next) throw new Error("Cannot forfeit leadership: there is no other etcd member to lead");
  await etcd.call("maintenance/transfer-leadership", { targetID: next.id }, call);
  return next.name;
}

/** A pause between two parts of a snapshot that means that the member is gone, milliseconds. */
const SNAPSHOT_IDLE_MS = 60_000;

/** A consistent copy of the whole store, part by part. */
export async function* snapshot(
  etcd: EtcdClient,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const parts = etcd.stream<{ blob?: string }>("maintenance/snapshot", {}, {
    ...(signal ? { signal } : {}),
    idleMs: SNAPSHOT_IDLE_MS,
  });
  for await (const { blob } of parts) if (blob) yield Uint8Array.fromBase64(blob);
}
