import assert from "node:assert/strict";
import { type LifeDeps, live } from "./life.ts";
import { PowerRequests } from "./pid1/power.ts";
import { type Sequence, Sequencer } from "./sequences/engine.ts";

type Run = (signal: AbortSignal) => void | Promise<void>;

function sequence(name: string, run: Run): Sequence {
  return { name, phases: [{ name, tasks: [{ name, run }] }] };
}

function world(runs: Record<string, Run>): { deps: LifeDeps; ran: string[]; power: PowerRequests } {
  const ran: string[] = [];
  const power = new PowerRequests();
  const sequencer = new Sequencer({ log: () => {}, report: () => {} });
  const make = (name: string) => () =>
    sequence(name, (signal) => {
      ran.push(name);
      return runs[name]?.(signal);
    });
  const deps: LifeDeps = {
    run: (one, turn) => sequencer.run(one, turn),
    start: [make("initialize"), make("boot")],
    started: () => void ran.push("started"),
    finish: (action) => make(action)(),
    power,
    staysAfterFailure: false,
    log: () => {},
  };
  return { deps, ran, power };
}

Deno.test("live() starts the machine and ends it when asked", async () => {
  const { deps, ran, power } = world({ boot: () => power.request("reboot", "API") });
  assert.deepEqual(await live(deps), { kind: "asked", action: "reboot" });
  assert.deepEqual(ran, ["initialize", "boot", "started", "reboot"]);
});

Deno.test("live() passes over a sequence that has nothing to do", async () => {
  const { deps, ran, power } = world({ boot: () => power.request("reboot", "API") });
  const [initialize, boot] = deps.start;
  await live({ ...deps, start: [initialize!, async () => undefined, boot!] });
  assert.deepEqual(ran, ["initialize", "boot", "started", "reboot"]);
});

Deno.test("live() starts nothing after a sequence that asked for the end", async () => {
  const { deps, ran, power } = world({ initialize: () => power.request("reboot", "installation") });
  assert.deepEqual(await live(deps), { kind: "asked", action: "reboot" });
  assert.deepEqual(ran, ["initialize", "started", "reboot"]);
});

Deno.test("live() lets a request take over a start that hangs", async () => {
  const { deps, ran, power } = world({
    initialize: () => {
      setTimeout(() => power.request("shutdown", "SIGTERM"));
      return new Promise(() => {});
    },
  });
  assert.deepEqual(await live(deps), { kind: "asked", action: "shutdown" });
  assert.deepEqual(ran, ["initialize", "started", "shutdown"]);
});

Deno.test("live() reports a start that failed and does not go on with it", async () => {
  const { deps, ran } = world({
    initialize: () => {
      throw new Error("no disk");
    },
  });
  const ending = await live(deps);
  assert.equal(ending.kind, "failed");
  assert.match((ending as { error: Error }).error.message, /no disk/);
  assert.deepEqual(ran, ["initialize", "started"]);
});

Deno.test("live() keeps a machine up after a failure where told, and ends it when asked", async () => {
  const { deps, ran, power } = world({
    initialize: () => {
      setTimeout(() => power.request("shutdown", "power button"));
      throw new Error("no disk");
    },
  });
  const ending = await live({ ...deps, staysAfterFailure: true });
  assert.deepEqual(ending, { kind: "asked", action: "shutdown" });
  assert.deepEqual(ran, ["initialize", "started", "shutdown"]);
});

Deno.test("live() carries out what was asked even when its sequence fails", async () => {
  const { deps, power } = world({
    boot: () => power.request("reboot", "API"),
    reboot: () => {
      throw new Error("a service does not stop");
    },
  });
  assert.deepEqual(await live(deps), { kind: "asked", action: "reboot" });
});
