/**
 * The controllers that bring Kubernetes' control plane up: secrets, static pods, manifests.
 *
 * @module
 */
import type { Controller } from "$lib/cosi/mod.ts";
import { BootstrapStatusController, type EtcdKeys } from "../v1alpha1/bootstrap_status.ts";
import { type AskReady, ControlPlaneStaticPodController } from "./control_plane_static_pod.ts";
import { ExtraManifestController, type FetchText } from "./extra_manifest.ts";
import { type KubeletDeps, KubeletStaticPodController } from "./kubelet_static_pod.ts";
import { ManifestController } from "./manifest.ts";
import { ManifestApplyController, type ManifestApplyDeps } from "./manifest_apply.ts";
import { RenderSecretsStaticPodController, type SecretPlace } from "./render_secrets.ts";

export { dropStaticPods } from "./kubelet_static_pod.ts";
export { hostKubernetes, STATIC_PODS_DIR } from "./host.ts";

/** What reaches out of the controllers: files, the kubelet, etcd, the API server, the network. */
export interface KubernetesDeps {
  readonly secrets: SecretPlace;
  readonly kubelet: KubeletDeps;
  readonly keys: EtcdKeys;
  readonly askReady: AskReady;
  readonly fetchText: FetchText;
  readonly apply: ManifestApplyDeps["apply"];
}

/** The controllers, in the order of what they do. */
export function kubernetesControllers(deps: KubernetesDeps): Controller[] {
  return [
    new BootstrapStatusController(deps),
    new RenderSecretsStaticPodController(deps),
    new ControlPlaneStaticPodController(deps),
    new KubeletStaticPodController(deps.kubelet),
    new ManifestController(),
    new ExtraManifestController(deps),
    new ManifestApplyController(deps),
  ];
}
