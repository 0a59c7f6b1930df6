import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { ServiceStateEvent_Action, ServiceStateEventSchema } from "$proto/machine/machine_pb.ts";
import { EventRing } from "./event_ring.ts";
import { ServiceManager, type ServiceManagerOptions } from "./manager.ts";
import { MAX_STATE_EVENTS } from "./record.ts";
import { inProcess, type Service, SkipService } from "./service.ts";
import { FakeClock, settle } from "./testing.ts";

function world(options: ServiceManagerOptions = {}) {
  const clock = new FakeClock();
  return { clock, manager: new ServiceManager({ clock, ...options }) };
}

/** Runs until stopped and writes down when it started and ended. */
function steady(id: string, trace: string[] = [], more: Partial<Service> = {}): Service {
  return {
    id,
    run: inProcess(async (signal) => {
      trace.push(`+${id}`);
      await until(signal);
      trace.push(`-${id}`);
    }),
    ...more,
  };
}

function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

function states(manager: ServiceManager, id: string): string[] {
  return (manager.status(id)?.events ?? []).map((event) => event.state);
}

Deno.test("ServiceManager starts dependencies first and stops them last", async () => {
  const { manager } = world();
  const trace: string[] = [];
  manager.load(
    steady("apid", trace, { dependsOn: ["networkd"] }),
    steady("networkd", trace, { dependsOn: ["machined"] }),
    steady("machined", trace),
  );
  manager.start();
  await manager.waitUp(["apid", "networkd", "machined"]);
  await manager.stop();
  assert.deepEqual(trace, ["+machined", "+networkd", "+apid", "-apid", "-networkd", "-machined"]);
});

Deno.test("ServiceManager stops what depends on a stopped service, and nothing else", async () => {
  const { manager } = world();
  manager.load(steady("a"), steady("b", [], { dependsOn: ["a"] }), steady("c"));
  manager.start();
  await manager.waitUp(["a", "b", "c"]);
  await manager.stop("a");
  assert.deepEqual(manager.list().map((s) => s.state), ["Finished", "Finished", "Running"]);
  await manager.stop();
});

Deno.test("ServiceManager emits stopping, finished, waiting, preparing, running on restart", async () => {
  const events = new EventRing();
  const { manager } = world({ events });
  manager.load(steady("a"), steady("timed", [], { dependsOn: ["a"] }));
  manager.start();
  await manager.waitUp(["timed"]);
  const over = new AbortController();
  const watch = events.watch({}, over.signal);
  await manager.restart("timed");
  const seen: string[] = [];
  for (let i = 0; i < 5; i++) {
    const next = await watch.next();
    assert.ok(!next.done);
    assert.equal(next.value.typeUrl, "talos/runtime/machine.ServiceStateEvent");
    const event = fromBinary(ServiceStateEventSchema, next.value.value);
    assert.equal(event.service, "timed");
    seen.push(ServiceStateEvent_Action[event.action]);
  }
  assert.deepEqual(seen, ["STOPPING", "FINISHED", "WAITING", "PREPARING", "RUNNING"]);
  over.abort();
  await manager.stop();
});

Deno.test("ServiceManager restarts a service that throws after the backoff, for ever", async () => {
  const { manager, clock } = world();
  let starts = 0;
  manager.load({
    id: "crashing",
    run: inProcess(() => {
      starts++;
      throw new Error(`crash ${starts}`);
    }),
  }, steady("calm"));
  manager.start();
  await settle();
  assert.equal(starts, 1);
  await clock.advance(4_999);
  assert.equal(starts, 1, "not before 5 s");
  await clock.advance(1);
  assert.equal(starts, 2);
  await clock.advance(500_000);
  assert.equal(starts, 102);
  const status = manager.status("crashing");
  assert.equal(status?.state, "Waiting");
  assert.match(status?.events.at(-1)?.message ?? "", /crash 102, going to restart in 5 s/);
  assert.equal(status?.events.length, MAX_STATE_EVENTS);
  assert.equal(manager.status("calm")?.state, "Running");
  await manager.stop();
  assert.equal(manager.status("crashing")?.state, "Finished");
});

Deno.test("ServiceManager.restart() leaves no moment in which the former end counts as up", async () => {
  const { manager } = world();
  const ready = Promise.withResolvers<void>();
  let starts = 0;
  manager.load({
    id: "slow",
    prepare: () => starts++ === 0 ? Promise.resolve() : ready.promise,
    run: inProcess(until),
  });
  manager.start();
  await manager.waitUp(["slow"]);
  await manager.restart("slow");
  assert.equal(manager.status("slow")?.state, "Preparing");
  assert.equal(manager.status("slow")?.up, false);
  ready.resolve();
  await manager.waitUp(["slow"]);
  await manager.stop();
});

Deno.test("ServiceManager leaves a service that wants no restart Failed or Finished", async () => {
  const { manager } = world();
  manager.load(
    { id: "bad", restart: "never", run: () => Promise.reject(new Error("no disk")) },
    { id: "good", restart: "never", run: inProcess(() => Promise.resolve()) },
    steady("after", [], { dependsOn: ["good"] }),
  );
  manager.start();
  await manager.waitUp(["after"]);
  assert.equal(manager.status("bad")?.state, "Failed");
  assert.equal(
    manager.status("bad")?.events.at(-1)?.message,
    "Error running the service: no disk",
  );
  assert.equal(manager.status("good")?.state, "Finished");
  await manager.stop();
});

Deno.test("ServiceManager counts a skipped service as up and does not retry it", async () => {
  const { manager, clock } = world();
  let tries = 0;
  manager.load({
    ...steady("udevd"),
    prepare: () => {
      tries++;
      return Promise.reject(new SkipService("not in a container"));
    },
  });
  manager.start();
  await manager.waitUp(["udevd"]);
  await clock.advance(60_000);
  assert.equal(tries, 1);
  assert.deepEqual(states(manager, "udevd"), ["Preparing", "Skipped"]);
});

Deno.test("ServiceManager waits for a condition and retries one that rejects", async () => {
  const { manager, clock } = world();
  let attempts = 0;
  manager.load({
    ...steady("apid"),
    condition: {
      description: 'file "/x" to exist',
      wait: () => ++attempts < 3 ? Promise.reject(new Error("gone")) : Promise.resolve(),
    },
  });
  manager.start();
  await settle();
  const [first, second] = manager.status("apid")?.events ?? [];
  assert.equal(first?.message, 'Waiting for file "/x" to exist');
  assert.match(second?.message ?? "", /^Condition failed: gone/);
  await clock.advance(10_000);
  assert.equal(manager.status("apid")?.state, "Running");
  await manager.stop();
});

Deno.test("ServiceManager is up only once the health check succeeds, and says when it fails", async () => {
  const { manager, clock } = world();
  let healthy = false;
  const check = () => healthy ? Promise.resolve() : Promise.reject(new Error("refused"));
  manager.load(steady("apid", [], { health: { check } }));
  manager.start();
  await settle();
  assert.equal(manager.status("apid")?.state, "Running");
  assert.equal(manager.status("apid")?.health.unknown, true);
  await clock.advance(1_000);
  assert.deepEqual(pick(manager), { unknown: false, healthy: false, lastMessage: "refused" });
  assert.equal(manager.status("apid")?.up, false);
  healthy = true;
  await clock.advance(5_000);
  assert.deepEqual(pick(manager), { unknown: false, healthy: true, lastMessage: "" });
  assert.equal(manager.status("apid")?.up, true);
  assert.deepEqual(
    manager.status("apid")?.events.slice(-2).map((event) => event.message),
    ["Health check failed: refused", "Health check successful"],
  );
  await manager.stop();
  assert.equal(manager.status("apid")?.health.unknown, true);
});

Deno.test("ServiceManager checks more often until the first success, where told so", async () => {
  const { manager, clock } = world();
  let checks = 0;
  const check = () => ++checks < 4 ? Promise.reject(new Error("refused")) : Promise.resolve();
  manager.load(steady("apid", [], { health: { initialDelayMs: 0, startPeriodMs: 250, check } }));
  manager.start();
  await clock.advance(750);
  assert.equal(checks, 4);
  assert.equal(manager.status("apid")?.up, true);
  await clock.advance(4_999);
  assert.equal(checks, 4);
  await clock.advance(1);
  assert.equal(checks, 5);
  await manager.stop();
});

function pick(manager: ServiceManager) {
  const { unknown, healthy, lastMessage } = manager.status("apid")!.health;
  return { unknown, healthy, lastMessage };
}

Deno.test("ServiceManager gives a health check that hangs its deadline, and starts no second one", async () => {
  const { manager, clock } = world();
  let running = 0;
  manager.load(steady("apid", [], {
    health: {
      check: () => {
        running++;
        return new Promise(() => {});
      },
    },
  }));
  manager.start();
  await clock.advance(1_500);
  assert.equal(manager.status("apid")?.health.lastMessage, "no answer within 500 ms");
  await clock.advance(60_000);
  assert.equal(running, 1);
  await manager.stop();
});

Deno.test("ServiceManager.waitUp() names what is not up when its time is over", async () => {
  const { manager, clock } = world();
  manager.load(steady("apid", [], { dependsOn: ["missing"] }));
  manager.start();
  const failed = assert.rejects(
    manager.waitUp(["apid"], { timeoutMs: 2_000 }),
    /not up after 2000 ms: apid \(Waiting: Waiting for service "missing" to be "up"\)/,
  );
  await clock.advance(2_000);
  await failed;
  await manager.stop();
});

Deno.test("ServiceManager.stop() gives up on a service that ignores it and stops the others", async () => {
  const { manager, clock } = world();
  const trace: string[] = [];
  manager.load(
    { id: "deaf", dependsOn: ["base"], run: inProcess(() => new Promise(() => {})) },
    steady("base", trace),
  );
  manager.start();
  await manager.waitUp(["deaf"]);
  const failed = assert.rejects(
    manager.stop(),
    /Cannot stop service "deaf": it still runs after 30000 ms/,
  );
  await clock.advance(61_000);
  await failed;
  assert.deepEqual(trace, ["+base", "-base"]);
});

Deno.test("ServiceManager.start() during a stop starts the service again after it", async () => {
  const { manager } = world();
  const trace: string[] = [];
  manager.load(steady("a", trace));
  manager.start();
  await manager.waitUp(["a"]);
  const stopping = manager.stop("a");
  manager.start("a");
  manager.start("a");
  await stopping;
  await settle();
  assert.deepEqual(trace, ["+a", "-a", "+a"]);
  assert.equal(manager.status("a")?.state, "Running");
  await manager.stop();
});

Deno.test("ServiceManager goes on when its log or event sink throws", async () => {
  const { manager } = world({
    log: () => {
      throw new Error("console gone");
    },
  });
  manager.load(steady("a"));
  manager.start();
  await manager.waitUp(["a"]);
  await manager.stop();
  assert.equal(manager.status("a")?.state, "Finished");
});

Deno.test("ServiceManager.load() refuses a taken id and a circle of dependencies", () => {
  const { manager } = world();
  manager.load(steady("a"));
  assert.throws(() => manager.load(steady("a")), /Cannot load service "a": it is loaded already/);
  assert.throws(
    () =>
      manager.load(steady("b", [], { dependsOn: ["c"] }), steady("c", [], { dependsOn: ["b"] })),
    /circle of b → c → b/,
  );
  assert.throws(() => manager.start("nosuch"), /Cannot start service "nosuch": it is not defined/);
});
