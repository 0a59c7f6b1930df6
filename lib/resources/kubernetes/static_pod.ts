import { define } from "../definition.ts";
import type { KubernetesObject } from "./manifest.ts";

/** A v1.Pod. */
export type StaticPodSpec = KubernetesObject;

/** The static pods that the kubelet is to run, by component. */
export const StaticPod = define<StaticPodSpec>({
  type: "StaticPods.kubernetes.talos.dev",
  namespace: "controlplane",
});
