/** All containers of this node, by namespace. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { Containerd } from "$lib/containerd/mod.ts";
import { CONTAINERD_NAMESPACES, UIDS } from "$lib/paths/mod.ts";
import { kill } from "$ffi/process.ts";
import type { ContainersDeps } from "../api/containers.ts";
import type { Machine } from "../machine.ts";
import { type ContainerEntry, containersOf, podContainers } from "./inventory.ts";
import { serviceProcesses } from "./processes.ts";

/** The node's own containers and service processes in `system`, pods in `k8s.io`. */
export function nodeInventory({ containers, version }: Machine): ContainersDeps["inventory"] {
  const groups = Object.fromEntries(
    Object.keys(UIDS).map((id) => [id, `/sys/fs/cgroup/system/${id}`]),
  );
  return {
    async [CONTAINERD_NAMESPACES.system]() {
      const parts = await Promise.all([
        serviceProcesses({ groups, image: `talos:${version}`, kill }),
        unlessAway(containers.system),
        unlessAway(containers.containerd),
      ]);
      return parts.flat();
    },
    [CONTAINERD_NAMESPACES.pods]: () => podContainers(containers.cri, containers.pods),
  };
}

/** A containerd that does not run has no containers to show; the others are shown all the same. */
async function unlessAway(containerd: Containerd): Promise<ContainerEntry[]> {
  try {
    return await containersOf(containerd);
  } catch (error) {
    if (ConnectError.from(error).code === Code.Unavailable) return [];
    throw error;
  }
}
