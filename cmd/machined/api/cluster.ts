import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  checkHealth,
  findMembers,
  kubeReader,
  type MachineReader,
  type Members,
} from "$lib/health/mod.ts";
import type { KubeClient } from "$lib/kube/mod.ts";
import type { ClusterInfo, ClusterService, HealthCheckRequest } from "$proto/cluster/cluster_pb.ts";

/** What the cluster is looked at with. */
export interface ClusterDeps {
  /** A client of Kubernetes at this endpoint; the control plane's unless one is given. */
  readonly kube: (endpoint?: string) => Promise<KubeClient>;
  readonly machines: (signal: AbortSignal) => MachineReader & Disposable;
}

const WAIT_MS = 20 * 60_000;
/** This node, as one that is asked for its services. */
const HERE = "127.0.0.1";

/** Looks at the whole cluster from this node and tells what it waits for. */
export function clusterService(deps: ClusterDeps): Partial<ServiceImpl<typeof ClusterService>> {
  return {
    async *healthCheck(request, { signal }) {
      try {
        for await (const message of healthLines(deps, request, signal)) yield { message };
      } catch (error) {
        if (error instanceof ConnectError) throw error;
        const message = error instanceof Error ? error.message : String(error);
        throw new ConnectError(message, Code.Unavailable, undefined, undefined, error);
      }
    },
  };
}

async function* healthLines(
  deps: ClusterDeps,
  { waitTimeout, clusterInfo }: HealthCheckRequest,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const endMs = performance.now() + (waitTimeout ? durationMs(waitTimeout) : WAIT_MS);
  const options = () => ({ timeoutMs: Math.max(0, endMs - performance.now()), signal });
  using client = await deps.kube(clusterInfo?.forceEndpoint || undefined);
  using machine = deps.machines(signal);
  const kube = kubeReader(client, signal);
  const given = named(clusterInfo);
  const members = given.controlPlane.length > 0
    ? given
    : yield* findMembers({ kube, services: () => machine.services(HERE) }, options());
  yield* checkHealth({ members, machine, kube }, options());
}

function named(info: ClusterInfo | undefined): Members {
  return { controlPlane: info?.controlPlaneNodes ?? [], workers: info?.workerNodes ?? [] };
}
