import { type KubeClient, TYPES } from "$lib/kube/mod.ts";
import type { KubeNode, KubePod, KubeReader } from "./cluster.ts";

/** Reads a cluster's Kubernetes API. */
export function kubeReader(client: Pick<KubeClient, "list">, signal?: AbortSignal): KubeReader {
  const call = signal ? { signal } : {};
  return {
    nodes: async () => (await client.list<KubeNode>(TYPES.nodes, {}, call)).items,
    pods: async (labelSelector) => {
      const select = { namespace: "kube-system", labelSelector };
      return (await client.list<KubePod>(TYPES.pods, select, call)).items;
    },
  };
}
