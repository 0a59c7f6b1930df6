import assert from "node:assert/strict";
import { type Controller, exclusive, type Pass, shared, strong, weak } from "./controller.ts";
import { ControllerEngine } from "./engine.ts";
import type { Kind } from "./kind.ts";
import { MemoryState } from "./memory_state.ts";
import { isFault, type StateFault } from "./state_error.ts";
import { ControllerWorld } from "./testing.ts";

const In: Kind<{ n: number }> = { namespace: "test", type: "Ins.test.example.org" };
const Out: Kind<{ n: number }> = { namespace: "test", type: "Outs.test.example.org" };
const Other: Kind<{ n: number }> = { namespace: "test", type: "Others.test.example.org" };

type Body = (pass: Pass, count: number) => Promise<void> | void;

/** A controller of which each pass does `body`. */
function controller(body: Body, change: Partial<Controller> = {}): Controller & { passes: number } {
  return {
    name: "test.Controller",
    inputs: [weak(In)],
    outputs: [exclusive(Out)],
    passes: 0,
    async run(rt) {
      for await (const pass of rt.passes()) await body(pass, ++this.passes);
    },
    ...change,
  };
}

/** Each input doubled. */
async function double(pass: Pass): Promise<void> {
  for (const { metadata, spec } of await pass.list(In)) {
    await pass.put(Out, metadata.id, { n: spec.n * 2 });
  }
}

Deno.test("Controller follows its inputs, and drops what it does not put any more", async () => {
  await using world = new ControllerWorld(controller(double));
  await world.put(In, "a", { n: 1 });
  await world.until(Out, "a", (spec) => spec?.n === 2);
  await world.put(In, "a", { n: 5 });
  await world.until(Out, "a", (spec) => spec?.n === 10);
  await world.remove(In, "a");
  await world.until(Out, "a", (spec) => spec === undefined);
  assert.deepEqual(world.lines, []);
});

Deno.test("Controller makes one pass of changes that come together", async () => {
  const subject = controller(double);
  await using world = new ControllerWorld(subject);
  await world.settled();
  const before = subject.passes;
  for (let i = 0; i < 500; i++) await world.put(In, `${i}`, { n: i });
  await world.until(Out, "499");
  await world.settled();
  assert.ok(subject.passes - before <= 3, `${subject.passes - before} passes`);
});

Deno.test("Controller that throws leaves its outputs, is retried and then goes on", async () => {
  const subject = controller(async (pass, count) => {
    await pass.put(Out, "kept", { n: 1 });
    if (count === 1) return await pass.put(Out, "first", { n: 1 });
    if (count < 5) throw new Error("Cannot do it: not yet");
  });
  await using world = new ControllerWorld(subject);
  await world.until(Out, "first");
  await world.put(In, "a", { n: 1 });
  await waitFor(() => world.lines.length > 0);
  assert.ok(await world.find(Out, "first"), "a failed pass drops nothing");
  await world.until(Out, "first", (spec) => spec === undefined);
  assert.equal(world.lines.length, 3);
  assert.match(world.lines[0]!, /^test\.Controller: failed, next try in \d+ ms: Cannot do it: not/);
  assert.equal(world.engine.failures("test.Controller"), 0);
});

Deno.test("Controller that throws, rejects or hangs each time harms no other and waits longer each time", async () => {
  const bad = (name: string, run: Controller["run"]): Controller => ({
    name,
    inputs: [weak(In)],
    outputs: [],
    run,
  });
  let tries = 0;
  await using world = new ControllerWorld([
    bad("test.Throws", () => {
      tries++;
      throw new Error("thrown at once");
    }),
    bad("test.Rejects", async (rt) => {
      for await (const _ of rt.passes()) await Promise.reject("not even an error");
    }),
    bad("test.Hangs", async (rt) => {
      for await (const _ of rt.passes()) await new Promise(() => {});
    }),
    controller(double),
  ], { passLimitMs: 100, backoff: { initialMs: 20, maximumMs: 160, random: () => 0.5 } });
  for (let n = 1; n <= 20; n++) {
    await world.put(In, "a", { n });
    await world.until(Out, "a", (spec) => spec?.n === n * 2);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const waits = world.lines.filter((line) => line.startsWith("test.Throws: failed"))
    .map((line) => Number(/in (\d+) ms/.exec(line)?.[1]));
  assert.deepEqual(waits.slice(0, 6), [20, 40, 80, 160, 160, 160].slice(0, waits.length));
  assert.ok(tries >= 4 && tries <= 9, `${tries} tries`);
  assert.ok(world.lines.some((line) => /^test\.Rejects: failed.*: not even/.test(line)));
  assert.ok(world.lines.some((line) => /^test\.Hangs: failed.*longer than 100 ms/.test(line)));
});

Deno.test("Controller that wakes itself for ever is slowed down and starves nobody", async () => {
  const spinner: Controller & { passes: number } = {
    name: "test.Spinner",
    inputs: [],
    outputs: [exclusive(Other)],
    passes: 0,
    async run(rt) {
      for await (const pass of rt.passes()) {
        await pass.put(Other, "n", { n: ++this.passes });
        rt.wake();
      }
    },
  };
  // Two that wake each other by their outputs spin without any call to wake().
  const pair = (name: string, from: Kind<{ n: number }>, to: Kind<{ n: number }>) =>
    controller(async (pass) => {
      const n = (await pass.find(from, "n"))?.n ?? 0;
      await pass.put(to, "n", { n: n + 1 });
    }, { name, inputs: [weak(from)], outputs: [exclusive(to)] });
  const ping: Kind<{ n: number }> = { namespace: "test", type: "Pings.test.example.org" };
  const pong: Kind<{ n: number }> = { namespace: "test", type: "Pongs.test.example.org" };
  await using world = new ControllerWorld([
    spinner,
    pair("test.Ping", pong, ping),
    pair("test.Pong", ping, pong),
    controller(double),
  ], { pace: { burst: 20, perSecond: 100 } });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(spinner.passes <= 20 + 60, `${spinner.passes} passes in half a second`);
  assert.ok((await world.find(ping, "n"))!.n <= 2 * (20 + 60));
  const before = performance.now();
  await world.put(In, "a", { n: 4 });
  await world.until(Out, "a");
  assert.ok(performance.now() - before < 200);
  assert.ok(world.lines.includes("test.Spinner: wakes too often and is slowed down"));
});

Deno.test("Controller that hangs cannot write once its pass was given up", async () => {
  const late = Promise.withResolvers<unknown>();
  const subject = controller(async (pass, count) => {
    if (count > 1) return pass.keep();
    await new Promise((resolve) => setTimeout(resolve, 250));
    await pass.put(Out, "late", { n: 1 }).then(late.resolve, late.resolve);
  });
  await using world = new ControllerWorld(subject, { passLimitMs: 100 });
  assert.ok(isFault(await late.promise, "refused"));
  assert.equal(await world.find(Out, "late"), undefined);
});

Deno.test("Controller is refused what it did not declare", async () => {
  const refused: StateFault[] = [];
  const subject = controller(async (pass) => {
    const actions = [
      () => pass.find(Other, "x"),
      () => pass.list(Other),
      () => pass.find(In, "other id"),
      () => pass.list(In),
      () => pass.put(Other, "x", { n: 1 }),
      () => pass.addFinalizer(In, "a"),
    ];
    for (const action of actions) {
      await action().catch((error) => {
        if (isFault(error, "refused")) refused.push("refused");
      });
    }
    await pass.find(In, "a");
    await pass.list(Out);
    await pass.put(Out, "done", { n: refused.length });
  }, { inputs: [weak(In, "a")] });
  await using world = new ControllerWorld(subject);
  assert.deepEqual(await world.until(Out, "done"), { n: 6 });
});

Deno.test("Controller with a strong input holds it until its own work is undone", async () => {
  const subject = controller(async (pass) => {
    for (const { metadata: { id, phase }, spec } of await pass.list(In)) {
      if (phase === "running") {
        await pass.addFinalizer(In, id);
        await pass.put(Out, id, spec);
      } else await pass.removeFinalizer(In, id);
    }
  }, { inputs: [strong(In)] });
  await using world = new ControllerWorld(subject);
  await world.put(In, "a", { n: 1 });
  await world.until(Out, "a");
  const held = await world.state.resource(In, "a");
  assert.deepEqual(held?.metadata.finalizers, ["test.Controller"]);
  await world.remove(In, "a");
  await world.until(Out, "a", (spec) => spec === undefined);
});

Deno.test("Controller's output that is held ends when it is let go of, and can come back", async () => {
  await using world = new ControllerWorld(controller(double));
  await world.put(In, "a", { n: 1 });
  await world.until(Out, "a");
  await world.state.addFinalizer(Out, "a", "test");
  await world.remove(In, "a");
  await world.settled();
  assert.equal((await world.state.resource(Out, "a"))?.metadata.phase, "tearingDown");
  await world.put(In, "a", { n: 7 });
  await world.settled();
  assert.equal((await world.find(Out, "a"))?.n, 2, "held: still the former one");
  await world.state.removeFinalizer(Out, "a", "test");
  await world.until(Out, "a", (spec) => spec?.n === 14);
  assert.equal((await world.state.resource(Out, "a"))?.metadata.version, 1);
  assert.deepEqual(world.lines, []);
});

Deno.test("Controller may replace an output by a new one in one pass", async () => {
  const subject = controller(async (pass) => {
    const n = (await pass.find(In, "a"))?.n ?? 0;
    if (n === 2) await pass.drop(Out, "a");
    await pass.put(Out, "a", { n });
    await pass.drop(Out, "never there");
  });
  await using world = new ControllerWorld(subject);
  const seen: string[] = [];
  const over = new AbortController();
  const reading = (async () => {
    for await (const { type, resource } of world.state.watch(Out, { signal: over.signal })) {
      seen.push(`${type} ${resource.metadata.version}`);
    }
  })();
  for (const n of [1, 2]) {
    await world.put(In, "a", { n });
    await world.until(Out, "a", (spec) => spec?.n === n);
  }
  await world.settled();
  over.abort();
  await reading;
  assert.match(seen.slice(-2).join(), /^destroyed [12],created 1$/);
});

Deno.test("Controller may leave its outputs, and ask for a pass by time", async () => {
  const subject = controller(async (pass, count) => {
    if (count === 1) await pass.put(Out, "a", { n: 1 });
    if (count === 2) pass.keep();
    if (count < 3) pass.again(20);
  });
  await using world = new ControllerWorld(subject);
  await waitFor(() => subject.passes === 2);
  assert.ok(await world.find(Out, "a"));
  await world.until(Out, "a", (spec) => spec === undefined);
  await world.settled();
  assert.equal(subject.passes, 3);
});

Deno.test("ControllerEngine refuses two owners of one kind, two names, and two own kinds", () => {
  const engine = new ControllerEngine({ state: new MemoryState() });
  engine.register(controller(double));
  for (
    const change of [
      { name: "test.Controller", outputs: [] },
      { name: "test.Second", outputs: [exclusive(Out)] },
      { name: "test.Second", outputs: [shared(Out)] },
      { name: "test.Second", outputs: [exclusive(In), exclusive(Other)] },
    ]
  ) {
    assert.throws(() => engine.register(controller(double, change)), (error) => {
      return isFault(error, "conflict");
    });
  }
  engine.register(controller(double, { name: "test.A", outputs: [shared(Other)] }));
  engine.register(controller(double, { name: "test.B", outputs: [shared(Other)] }));
  engine.register(controller(double, { name: "test.C", outputs: [exclusive(In)], inputs: [] }));
  assert.deepEqual(engine.edges().slice(0, 3), [
    { controller: "test.Controller", type: "manages", kind: Out },
    { controller: "test.Controller", type: "weak", kind: In },
    { controller: "test.A", type: "manages", kind: Other },
  ]);
});

Deno.test("ControllerEngine runs no controller with a strong input that nobody manages", async () => {
  const engine = new ControllerEngine({ state: new MemoryState() });
  engine.register(controller(double, { inputs: [strong(In)] }));
  await assert.rejects(engine.run(new AbortController().signal), /nobody manages test\/Ins/);
});

Deno.test("ControllerEngine ends although a controller does not listen", async () => {
  const over = new AbortController();
  const engine = new ControllerEngine({ state: new MemoryState() });
  engine.register(controller(double, { run: () => new Promise(() => {}) }));
  const running = engine.run(over.signal);
  setTimeout(() => over.abort(), 10);
  await running;
});

async function waitFor(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!holds()) {
    assert.ok(performance.now() < end, "it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
