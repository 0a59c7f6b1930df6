/**
 * The controllers that bring Kubernetes' control plane up: secrets, static pods, manifests.
 *
 * @module
 */
import type { Controller } from "$lib/cosi/mod.ts";
import { BootstrapStatusController } from "../v1alpha1/bootstrap_status.ts";
import { ControlPlaneStaticPodController } from "./control_plane_static_pod.ts";
import type { KubernetesDeps } from "./deps.ts";
import { EndpointController } from "./endpoint.ts";
import { ExtraManifestController } from "./extra_manifest.ts";
import { KubeletStaticPodController } from "./kubelet_static_pod.ts";
import { ManifestController } from "./manifest.ts";
import { ManifestApplyController } from "./manifest_apply.ts";
import { RenderSecretsStaticPodController } from "./render_secrets.ts";

export type { KubernetesDeps } from "./deps.ts";
export { KUBELET_KUBECONFIG, kubeletTarget } from "./control_planes.ts";
export { dropStaticPods } from "./kubelet_static_pod.ts";
export { hostKubernetes, STATIC_PODS_DIR } from "./host.ts";

/** The controllers, in the order of what they do. */
export function kubernetesControllers(deps: KubernetesDeps): Controller[] {
  return [
    new BootstrapStatusController(deps),
    new RenderSecretsStaticPodController(deps),
    new ControlPlaneStaticPodController(deps),
    new KubeletStaticPodController(deps.kubelet),
    new EndpointController(deps.controlPlanes),
    new ManifestController(),
    new ExtraManifestController(deps),
    new ManifestApplyController(deps),
  ];
}
