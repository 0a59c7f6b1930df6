import { Code, ConnectError } from "@connectrpc/connect";
import {
  deleteKey,
  type EtcdClient,
  EtcdError,
  forfeitLeadership,
  listMembers,
  memberNamed,
  memberStatus,
  snapshot,
} from "$lib/etcd/mod.ts";
import type { EtcdAccess } from "../etcd/access.ts";
import type { DataDirectory } from "../etcd/data_directory.ts";
import { LastMemberError, type LeaveDeps, leaveEtcd, removeWhenSettled } from "../etcd/leave.ts";
import type { SnapshotFile } from "../etcd/snapshot_file.ts";
import type { MachineApi } from "./_impl.ts";

/** Where etcd is, and what leaving it touches. */
export interface EtcdApiDeps extends Omit<LeaveDeps, "access" | "data"> {
  readonly access: EtcdAccess;
  readonly data: DataDirectory;
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
  | "removeBootkubeInitializedKey"
>;

/** The key by which releases before 0.9 say that Kubernetes runs its own control plane. */
const INITIALIZED = "initialized";

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
        throw await told(deps, error);
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
      try {
        using etcd = await access.local();
        for await (const bytes of snapshot(etcd, signal)) yield { bytes };
      } catch (error) {
        throw await told(deps, error);
      }
    },
    etcdRecover: async (requests) => {
      refuseWorker(deps);
      try {
        await snapshotFile.write(partsOf(requests));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new ConnectError(error.message, Code.InvalidArgument);
      }
      return { messages: [{}] };
    },
    removeBootkubeInitializedKey: async (_request, { signal }) => {
      await local((etcd) => deleteKey(etcd, INITIALIZED, { signal }));
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
    using etcd = await client();
    return await call(etcd);
  } catch (error) {
    throw await told(deps, error);
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

/** What went wrong, for the caller: a machine that has no member yet is no fault of the network. */
async function told({ data }: EtcdApiDeps, cause: unknown): Promise<ConnectError> {
  if (cause instanceof ConnectError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof LastMemberError) return new ConnectError(message, Code.FailedPrecondition);
  if (cause instanceof EtcdError || await data.holdsMember()) {
    return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
  }
  return new ConnectError(
    "Cannot ask etcd: no member has started on this node, it waits for a bootstrap or to join",
    Code.FailedPrecondition,
    undefined,
    undefined,
    cause,
  );
}
