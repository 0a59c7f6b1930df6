import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import { ACTIVE_CONFIG, NODE_TIME, Service, TimeStatus } from "$lib/resources/mod.ts";
import { MachineConfig } from "../machine_config.ts";
import { testConfig } from "../testing.ts";
import { timeStatus, TimeStatusController } from "./time_status.ts";

const isClockRight = () => true;

Deno.test("TimeStatusController follows timed", async () => {
  const controller = new TimeStatusController({ container: false, isClockRight });
  await using world = new ControllerWorld(controller);
  await world.until(TimeStatus, NODE_TIME, (spec) => spec?.synced === false);
  await world.put(Service, "timed", { running: true, healthy: true });
  await world.until(TimeStatus, NODE_TIME, (spec) => spec?.synced === true);
  await world.put(Service, "timed", { running: true, healthy: false });
  await world.until(TimeStatus, NODE_TIME, (spec) => spec?.synced === false);
});

Deno.test("TimeStatusController trusts a clock that somebody else keeps", async () => {
  await using container = new ControllerWorld(
    new TimeStatusController({ container: true, isClockRight }),
  );
  await container.until(TimeStatus, NODE_TIME, (spec) => spec?.synced === true);
  await using world = new ControllerWorld(
    new TimeStatusController({ container: false, isClockRight }),
  );
  const { text, config } = await testConfig();
  const machine = { ...config.machine, time: { disabled: true } };
  await world.put(MachineConfig, ACTIVE_CONFIG, { text, config: { ...config, machine } });
  await world.until(TimeStatus, NODE_TIME, (spec) => spec?.synced === true);
});

Deno.test("timeStatus() is not synced while timed runs but no server set the clock", () => {
  const timed = { running: true, healthy: true };
  const status = (isClockRight: boolean) =>
    timeStatus({ config: undefined, timed, container: false, isClockRight });
  assert.deepEqual([status(false), status(true)], [{ synced: false }, { synced: true }]);
});
