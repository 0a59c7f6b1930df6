import { type Controller, type ControllerRuntime, exclusive, weak } from "$lib/cosi/mod.ts";
import {
  ACTIVE_CONFIG,
  MACHINE_TYPE,
  MachineType,
  ROOT_ETCD,
  ROOT_K8S,
  RootSecrets,
} from "$lib/resources/mod.ts";
import { MachineConfig } from "../machine_config.ts";
import { rootEtcd, rootKubernetes } from "./root_secrets.ts";

/** Keeps the RootSecrets, on control planes. */
export class RootController implements Controller {
  readonly name = "secrets.RootController";
  readonly inputs = [weak(MachineConfig, ACTIVE_CONFIG), weak(MachineType, MACHINE_TYPE)];
  readonly outputs = [exclusive(RootSecrets)];

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const config = (await pass.find(MachineConfig, ACTIVE_CONFIG))?.config;
      const type = await pass.find(MachineType, MACHINE_TYPE);
      if (!config || (type !== "init" && type !== "controlplane")) continue;
      await pass.put(RootSecrets, ROOT_ETCD, rootEtcd(config));
      await pass.put(RootSecrets, ROOT_K8S, rootKubernetes(config));
    }
  }
}
