import { type Controller, type ControllerRuntime, exclusive, weak } from "$lib/cosi/mod.ts";
import { ACTIVE_CONFIG, KubernetesControlPlaneConfig } from "$lib/resources/mod.ts";
import { MachineConfig } from "../machine_config.ts";
import { controlPlaneConfigs } from "./control_plane_configs.ts";

/** Keeps the KubernetesControlPlaneConfigs, on control planes. */
export class K8sControlPlaneController implements Controller {
  readonly name = "config.K8sControlPlaneController";
  readonly inputs = [weak(MachineConfig, ACTIVE_CONFIG)];
  readonly outputs = [exclusive(KubernetesControlPlaneConfig)];

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const config = (await pass.find(MachineConfig, ACTIVE_CONFIG))?.config;
      const specs = config ? controlPlaneConfigs(config) : {};
      for (const [id, spec] of Object.entries(specs)) {
        await pass.put(KubernetesControlPlaneConfig, id, spec);
      }
    }
  }
}
