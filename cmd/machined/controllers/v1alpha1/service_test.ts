import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import { Service } from "$lib/resources/mod.ts";
import { EventRing, inProcess, ServiceManager } from "$lib/service/mod.ts";
import { ServiceController } from "./service.ts";

/** Services that run until they are told to stop, healthy while `health` says so. */
function services(events: EventRing, health: { ok: boolean }): ServiceManager {
  const services = new ServiceManager({ events });
  const run = inProcess((signal) =>
    new Promise((done) => signal.addEventListener("abort", () => done(), { once: true }))
  );
  services.load(
    {
      id: "timed",
      run,
      health: {
        initialDelayMs: 0,
        periodMs: 5,
        check: () => health.ok ? Promise.resolve() : Promise.reject(new Error("no")),
      },
    },
    { id: "plain", run },
  );
  return services;
}

Deno.test("ServiceController shows who runs and how healthy, and drops who stops", async () => {
  const events = new EventRing();
  const health = { ok: true };
  const manager = services(events, health);
  manager.start();
  await manager.waitUp(["timed", "plain"], { timeoutMs: 5_000 });
  await using world = new ControllerWorld(new ServiceController({ events, services: manager }));
  await world.until(Service, "timed", (spec) => spec?.healthy === true);
  assert.deepEqual(await world.until(Service, "plain"), { running: true, healthy: false });
  health.ok = false;
  await world.until(Service, "timed", (spec) => spec?.healthy === false);
  await manager.stop();
  await world.until(Service, "timed", (spec) => spec === undefined);
  await world.until(Service, "plain", (spec) => spec === undefined);
  assert.deepEqual(world.lines, []);
});

Deno.test("ServiceController makes a new resource of a service that was restarted", async () => {
  const events = new EventRing();
  const manager = services(events, { ok: true });
  await using world = new ControllerWorld(new ServiceController({ events, services: manager }));
  manager.start("timed");
  await world.until(Service, "timed", (spec) => spec?.healthy === true);
  const seen: string[] = [];
  const over = new AbortController();
  const reading = (async () => {
    for await (const { type, resource } of world.state.watch(Service, { signal: over.signal })) {
      seen.push(`${type} ${resource.metadata.version} ${resource.spec.healthy}`);
    }
  })();
  await manager.restart("timed");
  await manager.waitUp(["timed"], { timeoutMs: 5_000 });
  await world.until(Service, "timed", (spec) => spec?.healthy === true);
  await world.settled();
  over.abort();
  await reading;
  assert.deepEqual(seen.slice(0, 3), ["created 2 true", "destroyed 2 true", seen[2]]);
  assert.match(seen[2]!, /^created 1/);
  await manager.stop();
});

Deno.test("ServiceController goes on when more events come than are kept", async () => {
  const events = new EventRing({ capacity: 4, gap: 0 });
  const manager = services(events, { ok: true });
  await using world = new ControllerWorld(new ServiceController({ events, services: manager }));
  await world.settled();
  for (let round = 0; round < 5; round++) {
    manager.start();
    await manager.waitUp(["timed", "plain"], { timeoutMs: 5_000 });
    await manager.stop();
  }
  manager.start();
  await world.until(Service, "timed", (spec) => spec?.healthy === true);
  await manager.stop();
  await world.until(Service, "timed", (spec) => spec === undefined);
});
