import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  checkHealth,
  kubeReader,
  type MachineReader,
  type Members,
  membersOf,
} from "$lib/health/mod.ts";
import type { KubeClient } from "$lib/kube/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
import type { ClusterInfo, ClusterService } from "$proto/cluster/cluster_pb.ts";

/** What the cluster is looked at with. */
export interface ClusterDeps {
  /** A client of Kubernetes at this endpoint; the control plane's unless one is given. */
  readonly kube: (endpoint?: string) => Promise<KubeClient>;
  readonly machines: (signal: AbortSignal) => MachineReader & Disposable;
}

const WAIT_MS = 20 * 60_000;
const POLL_MS = 2_000;

/** Looks at the whole cluster from this node and tells what it waits for. */
export function clusterService(deps: ClusterDeps): Partial<ServiceImpl<typeof ClusterService>> {
  return {
    async *healthCheck({ waitTimeout, clusterInfo }, { signal }) {
      const endMs = performance.now() + (waitTimeout ? durationMs(waitTimeout) : WAIT_MS);
      const left = () => Math.max(0, endMs - performance.now());
      try {
        using kube = await deps.kube(clusterInfo?.forceEndpoint || undefined);
        using machine = deps.machines(signal);
        const reader = kubeReader(kube, signal);
        let members = named(clusterInfo);
        while (members.controlPlane.length === 0) {
          yield { message: "waiting for the control plane to register" };
          members = await reader.nodes().then(membersOf, () => members);
          if (members.controlPlane.length > 0) break;
          if (left() === 0) throw new Error("Cannot confirm health: no control plane registered");
          await systemClock.sleep(Math.min(POLL_MS, left()), signal);
          signal.throwIfAborted();
        }
        const cluster = { members, machine, kube: reader };
        for await (const message of checkHealth(cluster, { timeoutMs: left(), signal })) {
          yield { message };
        }
      } catch (error) {
        if (error instanceof ConnectError) throw error;
        const message = error instanceof Error ? error.message : String(error);
        throw new ConnectError(message, Code.Unavailable, undefined, undefined, error);
      }
    },
  };
}

function named(info: ClusterInfo | undefined): Members {
  return { controlPlane: info?.controlPlaneNodes ?? [], workers: info?.workerNodes ?? [] };
}
