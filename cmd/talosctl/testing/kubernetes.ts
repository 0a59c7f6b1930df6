import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { packTar } from "modern-tar";
import type { ClusterService } from "$proto/cluster/cluster_pb.ts";
import { type MachineService, RecoverRequest_Source } from "$proto/machine/machine_pb.ts";
import { answers, chunks } from "./answers.ts";

/** A kubeconfig as a node of cluster `test` hands it out. */
export const KUBECONFIG = `apiVersion: v1
kind: Config
clusters:
  - name: test
    cluster:
      server: https://127.0.0.1:6443
users:
  - name: admin@test
    user: {}
contexts:
  - name: admin@test
    context:
      cluster: test
      namespace: default
      user: admin@test
current-context: admin@test
`;

const DATABASE = new Uint8Array(1_024).fill(7);
/** A snapshot as etcd streams it: the database, then its SHA-256. */
export const SNAPSHOT: Uint8Array = Buffer.concat([
  DATABASE,
  createHash("sha256").update(DATABASE).digest(),
]);

/** A kubeconfig as nodes send it: the file `kubeconfig` in a tar.gz archive, piece by piece. */
export async function* kubeconfigArchive(kubeconfig: string): AsyncGenerator<Uint8Array> {
  const body = new TextEncoder().encode(kubeconfig);
  const tar = await packTar([{ header: { name: "kubeconfig", size: body.length }, body }]);
  yield* new Blob([tar]).stream().pipeThrough(new CompressionStream("gzip"));
}

/** Answers of a control plane node that runs Kubernetes. */
export const kubernetes: Partial<ServiceImpl<typeof MachineService>> = {
  bootstrap: (_request, { requestHeader }) => ({ messages: answers(requestHeader, {}) }),
  async etcdRecover(requests, { requestHeader }) {
    const parts: Uint8Array[] = [];
    for await (const { bytes } of requests) parts.push(bytes);
    if (!Buffer.concat(parts).equals(SNAPSHOT)) {
      throw new ConnectError("it is no snapshot of etcd", Code.InvalidArgument);
    }
    return { messages: answers(requestHeader, {}) };
  },
  async *kubeconfig(_request, { requestHeader }) {
    for await (const part of kubeconfigArchive(KUBECONFIG)) {
      yield* chunks(requestHeader, [{ bytes: part }]);
    }
  },
  etcdMemberList: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, { members: ["cp-1", "cp-2"] }),
  }),
  etcdRemoveMember: ({ member }, { requestHeader }) => {
    if (member === "cp-2") return { messages: answers(requestHeader, {}) };
    throw new ConnectError(`etcd member "${member}" is not found`, Code.NotFound);
  },
  etcdLeaveCluster: (_request, { requestHeader }) => ({ messages: answers(requestHeader, {}) }),
  etcdForfeitLeadership: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, { member: "cp-2" }),
  }),
  async *etcdSnapshot(_request, { requestHeader }) {
    for (let at = 0; at < SNAPSHOT.length; at += 400) {
      yield* chunks(requestHeader, [{ bytes: SNAPSHOT.slice(at, at + 400) }]);
    }
  },
  etcdStatus: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      memberStatus: {
        ...{ memberId: 0xa1b2n, leader: 0xa1b2n, dbSize: 20_000_000n, dbSizeInUse: 5_000_000n },
        ...{ raftIndex: 1_234n, raftTerm: 2n, raftAppliedIndex: 1_230n },
        errors: ["NOSPACE"],
      },
    }),
  }),
  restart: ({ id }, { requestHeader }) => {
    if (id === "apid") return { messages: answers(requestHeader, {}) };
    throw new ConnectError(`container "${id}" not found`, Code.NotFound);
  },
  recover: ({ source }) => {
    throw new ConnectError(
      `recover from ${RecoverRequest_Source[source]} is not supported since Talos 0.9`,
      Code.Unimplemented,
    );
  },
};

/** Tells of the first check only, then of what it was asked. */
export const cluster: Partial<ServiceImpl<typeof ClusterService>> = {
  async *healthCheck({ waitTimeout, clusterInfo }, { requestHeader }) {
    const { controlPlaneNodes = [], workerNodes = [], forceEndpoint = "" } = clusterInfo ?? {};
    yield* chunks(requestHeader, [
      { message: "waiting for etcd to be healthy: ..." },
      { message: "waiting for etcd to be healthy: OK" },
      { message: `${waitTimeout?.seconds}s|${controlPlaneNodes}|${workerNodes}|${forceEndpoint}` },
    ]);
  },
};
