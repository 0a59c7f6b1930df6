import { ControllerWorld } from "$lib/cosi/testing.ts";
import { ACTIVE_CONFIG, MACHINE_TYPE, MachineType } from "$lib/resources/mod.ts";
import { MachineConfig } from "../machine_config.ts";
import { testConfig } from "../testing.ts";
import { MachineTypeController } from "./machine_type.ts";

Deno.test("MachineTypeController says unknown, then what the configuration says", async () => {
  await using world = new ControllerWorld(new MachineTypeController());
  await world.until(MachineType, MACHINE_TYPE, (type) => type === "unknown");
  for (const kind of ["init", "controlplane", "join"] as const) {
    await world.put(MachineConfig, ACTIVE_CONFIG, await testConfig(kind));
    await world.until(MachineType, MACHINE_TYPE, (type) => type === kind);
  }
  await world.remove(MachineConfig, ACTIVE_CONFIG);
  await world.until(MachineType, MACHINE_TYPE, (type) => type === "unknown");
});
