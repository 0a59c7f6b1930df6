import { Code, ConnectError } from "@connectrpc/connect";
import {
  type EtcdClient,
  forfeitLeadership,
  listMembers,
  memberNamed,
  memberStatus,
  snapshot,
} from "$lib/etcd/mod.ts";
import type { EtcdAccess } from "../etcd/access.ts";
import { LastMemberError, type LeaveDeps, leaveEtcd, removeWhenSettled } from "../etcd/leave.ts";
import type { SnapshotFile } from "../etcd/snapshot_file.ts";
import type { MachineApi } from "./_impl.ts";

/** Where etcd is, and what leaving it touches. */
export interface EtcdApiDeps extends Omit<LeaveDeps, "access"> {
  readonly access: EtcdAccess;
  readonly snapshotFile: SnapshotFile;
  /** Whether this machine has a member of etcd. */
  readonly isControlPlane: () => boolean;
}

type EtcdApi = MachineApi<
  | "etcdMemberList"
  | "etcdRemoveMember"
  | "etcdLeaveCluster"
  | "etcdForfeitLeadership"
  | "etcdStatus"
  | "etcdSnapshot"
  | "etcdRecover"
>;

/** Answers for the etcd of the cluster, on its members. */
export function etcdApi(deps: EtcdApiDeps): EtcdApi {
  const { access, snapshotFile } = deps;
  const local = <T>(call: (etcd: EtcdClient) => Promise<T>) =>
    calling(deps, () => access.local(), call);
  const any = <T>(signal: AbortSignal, call: (etcd: EtcdClient) => Promise<T>) =>
    calling(deps, () => access.any(signal), call);
  return {
    etcdMemberList: async ({ queryLocal }, { signal }) => {
      const list = (etcd: EtcdClient) => listMembers(etcd, { signal });
      const found = queryLocal ? await local(list) : await any(signal, list);
      const members = found.map(({ name, peerUrls }) => name || `(not started) ${peerUrls[0]}`);
      return { messages: [{ members }] };
    },
    etcdRemoveMember: async ({ member }, { signal }) => {
      await any(signal, async (etcd) => {
        const { id } = found(await listMembers(etcd, { signal }), member);
        await removeWhenSettled(etcd, id, signal);
      });
      return { messages: [{}] };
    },
    etcdLeaveCluster: async (_request, { signal }) => {
      refuseWorker(deps);
      try {
        await leaveEtcd(deps, signal);
      } catch (error) {
        if (!(error instanceof LastMemberError)) throw unavailable(error);
        throw new ConnectError(error.message, Code.FailedPrecondition);
      }
      return { messages: [{}] };
    },
    etcdForfeitLeadership: async (_request, { signal }) => {
      const member = await local((etcd) => forfeitLeadership(etcd, { signal }));
      return { messages: [member === undefined ? {} : { member }] };
    },
    etcdStatus: async (_request, { signal }) => {
      const status = await local((etcd) => memberStatus(etcd, { signal }));
      return {
        messages: [{
          memberStatus: {
            protocolVersion: status.version,
            dbSize: status.dbSizeBytes,
            dbSizeInUse: status.dbSizeInUseBytes,
            leader: BigInt(status.leader),
            raftIndex: status.raftIndex,
            raftTerm: status.raftTerm,
            raftAppliedIndex: status.raftAppliedIndex,
            errors: [...status.errors],
            isLearner: status.learner,
            memberId: BigInt(status.memberId),
          },
        }],
      };
    },
    async *etcdSnapshot(_request, { signal }) {
      refuseWorker(deps);
      const etcd = await access.local().catch((error) => {
        throw unavailable(error);
      });
      try {
        for await (const bytes of snapshot(etcd, signal)) yield { bytes };
      } catch (error) {
        throw unavailable(error);
      } finally {
        etcd[Symbol.dispose]();
      }
    },
    etcdRecover: async (requests) => {
      refuseWorker(deps);
      await snapshotFile.write(partsOf(requests));
      return { messages: [{}] };
    },
  };
}

async function* partsOf(requests: AsyncIterable<{ bytes: Uint8Array }>) {
  for await (const { bytes } of requests) yield bytes;
}

/** What `call` gives with a client that ends after it; what etcd says goes to the caller. */
async function calling<T>(
  deps: EtcdApiDeps,
  client: () => Promise<EtcdClient>,
  call: (etcd: EtcdClient) => Promise<T>,
): Promise<T> {
  refuseWorker(deps);
  try {
    const etcd = await client();
    try {
      return await call(etcd);
    } finally {
      etcd[Symbol.dispose]();
    }
  } catch (error) {
    throw error instanceof ConnectError ? error : unavailable(error);
  }
}

function found(members: Parameters<typeof memberNamed>[0], name: string) {
  try {
    return memberNamed(members, name);
  } catch (error) {
    throw new ConnectError((error as Error).message, Code.NotFound);
  }
}

function refuseWorker({ isControlPlane }: EtcdApiDeps): void {
  if (isControlPlane()) return;
  throw new ConnectError(
    "Cannot answer for etcd: this node has none, ask a control plane node",
    Code.FailedPrecondition,
  );
}

function unavailable(cause: unknown): ConnectError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}
