import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import { BootstrapStatus, CONTROL_PLANE, Service } from "$lib/resources/mod.ts";
import { putControlPlane } from "../testing.ts";
import { BootstrapStatusController } from "./bootstrap_status.ts";

Deno.test("BootstrapStatusController reads the key once etcd is healthy and follows its end", async () => {
  let value: string | undefined = "true";
  const gone = Promise.withResolvers<void>();
  const asked: string[] = [];
  const keys = {
    read: (_target: unknown, key: string) => {
      asked.push(key);
      return Promise.resolve({ value, revision: "7" });
    },
    untilChanged: () => gone.promise,
  };
  await using world = new ControllerWorld(new BootstrapStatusController({ keys }));
  await putControlPlane(world);
  await world.put(Service, "etcd", { running: true, healthy: false });
  await world.settled();
  assert.deepEqual(asked, []);
  await world.put(Service, "etcd", { running: true, healthy: true });
  await world.until(
    BootstrapStatus,
    CONTROL_PLANE,
    (spec) => spec?.selfHostedControlPlane === true,
  );
  value = undefined;
  gone.resolve();
  await world.until(
    BootstrapStatus,
    CONTROL_PLANE,
    (spec) => spec?.selfHostedControlPlane === false,
  );
  // etcd's restart says nothing new.
  await world.remove(Service, "etcd");
  await world.settled();
  assert.ok(await world.find(BootstrapStatus, CONTROL_PLANE));
  assert.deepEqual(new Set(asked), new Set(["initialized"]));
});
