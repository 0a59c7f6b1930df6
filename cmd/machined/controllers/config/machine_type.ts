import { machineType } from "$lib/config/mod.ts";
import { type Controller, type ControllerRuntime, exclusive, weak } from "$lib/cosi/mod.ts";
import { ACTIVE_CONFIG, MACHINE_TYPE, MachineType } from "$lib/resources/mod.ts";
import { MachineConfig } from "../machine_config.ts";

/** Keeps the MachineType. */
export class MachineTypeController implements Controller {
  readonly name = "config.MachineTypeController";
  readonly inputs = [weak(MachineConfig, ACTIVE_CONFIG)];
  readonly outputs = [exclusive(MachineType)];

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const config = (await pass.find(MachineConfig, ACTIVE_CONFIG))?.config;
      await pass.put(MachineType, MACHINE_TYPE, config ? machineType(config) : "unknown");
    }
  }
}
