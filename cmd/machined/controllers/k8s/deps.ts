import type { EtcdKeys } from "../v1alpha1/bootstrap_status.ts";
import type { AskReady } from "./control_plane_static_pod.ts";
import type { EndpointDeps } from "./endpoint.ts";
import type { FetchText } from "./extra_manifest.ts";
import type { KubeletDeps } from "./kubelet_static_pod.ts";
import type { ManifestApplyDeps } from "./manifest_apply.ts";
import type { SecretPlace } from "./render_secrets.ts";

/** What reaches out of the controllers: files, the kubelet, etcd, the API server, the network. */
export interface KubernetesDeps {
  readonly secrets: SecretPlace;
  readonly kubelet: KubeletDeps;
  readonly keys: EtcdKeys;
  readonly askReady: AskReady;
  readonly controlPlanes: EndpointDeps;
  readonly fetchText: FetchText;
  readonly apply: ManifestApplyDeps["apply"];
}
