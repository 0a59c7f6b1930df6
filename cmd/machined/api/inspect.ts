import type { ServiceImpl } from "@connectrpc/connect";
import type { DependencyEdge } from "$lib/cosi/mod.ts";
import { DependencyEdgeType, type InspectService } from "$proto/inspect/inspect_pb.ts";

/** What knows the graph. */
export interface InspectServiceDeps {
  readonly controllers: { edges(): readonly DependencyEdge[] };
}

const EDGE_TYPES = {
  manages: DependencyEdgeType.MANAGES,
  strong: DependencyEdgeType.STRONG,
  weak: DependencyEdgeType.WEAK,
} as const;

/** Shows which controller reads and writes what. */
export function inspectService(
  { controllers }: InspectServiceDeps,
): ServiceImpl<typeof InspectService> {
  return {
    controllerRuntimeDependencies() {
      const edges = controllers.edges().map(({ controller, type, kind, id = "" }) => ({
        controllerName: controller,
        edgeType: EDGE_TYPES[type],
        resourceNamespace: kind.namespace,
        resourceType: kind.type,
        resourceId: id,
      }));
      return { messages: [{ edges }] };
    },
  };
}
