import { type Controller, type ControllerRuntime, exclusive, weak } from "$lib/cosi/mod.ts";
import {
  KubernetesControlPlaneConfig,
  Manifest,
  ROOT_K8S,
  type RootKubernetesSpec,
  RootSecrets,
  type SystemManifestsConfig,
} from "$lib/resources/mod.ts";
import { systemManifests } from "./manifests/manifests.ts";

/** Keeps the Manifests that every cluster starts with. */
export class ManifestController implements Controller {
  readonly name = "k8s.ManifestController";
  readonly inputs = [
    weak(KubernetesControlPlaneConfig, "system-manifests"),
    weak(RootSecrets, ROOT_K8S),
  ];
  readonly outputs = [exclusive(Manifest)];

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const config = await pass.find(KubernetesControlPlaneConfig, "system-manifests");
      const root = await pass.find(RootSecrets, ROOT_K8S);
      if (!config || !root) continue;
      const manifests = systemManifests(
        config as SystemManifestsConfig,
        root as RootKubernetesSpec,
      );
      for (const [id, objects] of Object.entries(manifests)) await pass.put(Manifest, id, objects);
    }
  }
}
