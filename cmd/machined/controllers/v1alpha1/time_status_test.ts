import { ControllerWorld } from "$lib/cosi/testing.ts";
import { ACTIVE_CONFIG, NODE_TIME, Service, TimeStatus } from "$lib/resources/mod.ts";
import { MachineConfig } from "../machine_config.ts";
import { testConfig } from "../testing.ts";
import { TimeStatusController } from "./time_status.ts";

Deno.test("TimeStatusController follows timed", async () => {
  await using world = new ControllerWorld(new TimeStatusController({ container: false }));
  await world.until(TimeStatus, NODE_TIME, (spec) => spec?.synced === false);
  await world.put(Service, "timed", { running: true, healthy: true });
  await world.until(TimeStatus, NODE_TIME, (spec) => spec?.synced === true);
  await world.put(Service, "timed", { running: true, healthy: false });
  await world.until(TimeStatus, NODE_TIME, (spec) => spec?.synced === false);
});

Deno.test("TimeStatusController trusts a clock that somebody else keeps", async () => {
  await using container = new ControllerWorld(new TimeStatusController({ container: true }));
  await container.until(TimeStatus, NODE_TIME, (spec) => spec?.synced === true);
  await using world = new ControllerWorld(new TimeStatusController({ container: false }));
  const { text, config } = await testConfig();
  const machine = { ...config.machine, time: { disabled: true } };
  await world.put(MachineConfig, ACTIVE_CONFIG, { text, config: { ...config, machine } });
  await world.until(TimeStatus, NODE_TIME, (spec) => spec?.synced === true);
});
