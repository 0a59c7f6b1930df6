import { define } from "../definition.ts";
import type { KubernetesObject } from "./manifest.ts";

/** A v1.PodStatus. */
export type StaticPodStatusSpec = KubernetesObject;

/** The static pods as the kubelet runs them: `kube-system/<pod>`. */
export const StaticPodStatus = define<StaticPodStatusSpec>({
  type: "StaticPodStatuses.kubernetes.talos.dev",
  namespace: "controlplane",
  aliases: ["podstatus"],
  printColumns: [{ name: "Ready", jsonPath: '{.conditions[?(@.type=="Ready")].status}' }],
});
