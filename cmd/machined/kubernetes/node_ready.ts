import { type KubeCall, type KubeClient, type KubeObject, TYPES } from "$lib/kube/mod.ts";
import { isReady } from "../controllers/k8s/kubelet_pods.ts";

/** Whether Kubernetes has a node of that name, and it is Ready. */
export async function isNodeReady(
  kube: KubeClient,
  name: string,
  call: KubeCall,
): Promise<boolean> {
  const node = await kube.find<KubeObject>(TYPES.nodes, { name }, call);
  return node !== undefined && isReady((node.status ?? {}) as Parameters<typeof isReady>[0]);
}
