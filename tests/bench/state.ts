/**
 * How fast the state and the controller runtime are, as JSON lines, each beside a baseline that was
 * measured in the same run:
 *
 *     deno run -A tests/bench/state.ts [resources] [watchers]
 *
 * @module
 */
import v8 from "node:v8";
import vm from "node:vm";
import {
  type Controller,
  ControllerEngine,
  exclusive,
  type Kind,
  MemoryState,
  weak,
} from "$lib/cosi/mod.ts";
import { machineBytes, percentile } from "./_measure.ts";

interface Spec {
  readonly running: boolean;
  readonly healthy: boolean;
  readonly revision: number;
  readonly name: string;
}

const Thing: Kind<Spec> = { namespace: "bench", type: "Things.bench.example.org" };
const Input: Kind<{ n: number }> = { namespace: "bench", type: "Inputs.bench.example.org" };
const Output: Kind<{ n: number }> = { namespace: "bench", type: "Outputs.bench.example.org" };

const ROUNDS = 200;
const NOOP_MS = 2_000;
const LATENCIES = 5_000;

v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("gc");

function report(line: Record<string, unknown>): void {
  // deno-lint-ignore no-console
  console.log(JSON.stringify(line));
}

function spec(id: number, revision: number): Spec {
  return { running: true, healthy: revision % 2 === 0, revision, name: `thing-${id}` };
}

function liveBytes(): number {
  collect();
  return v8.getHeapStatistics().used_heap_size;
}

/** Lets all that is ready to run do so. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Resources in a state, and the same specs as objects in a map. */
async function fill(count: number): Promise<MemoryState> {
  const before = liveBytes();
  const state = new MemoryState();
  const start = performance.now();
  for (let id = 0; id < count; id++) await state.create(Thing, `thing-${id}`, spec(id, 0));
  const createMs = performance.now() - start;
  const stateBytes = liveBytes() - before;
  const plainBefore = liveBytes();
  const plain = new Map<string, Spec>();
  for (let id = 0; id < count; id++) plain.set(`thing-${id}`, spec(id, 0));
  const plainBytes = liveBytes() - plainBefore;
  report({
    bench: "resources",
    resources: plain.size,
    createsPerSecond: Math.round(count / createMs * 1000),
    bytesPerResource: Math.round(stateBytes / count),
    baseline: { name: "object in a Map", bytesPerResource: Math.round(plainBytes / count) },
  });
  return state;
}

/** Updates that every watcher sees, and events that as many listeners of an EventTarget see. */
async function watchers(state: MemoryState, resources: number, count: number): Promise<void> {
  const over = new AbortController();
  let seen = 0;
  const start = liveBytes();
  const readers = Array.from({ length: count }, async () => {
    for await (const _ of state.watch(Thing, { signal: over.signal })) seen++;
  });
  while (seen < resources * count) await turn();
  const bytesPerWatcher = Math.round((liveBytes() - start) / count);
  seen = 0;
  const updates = 100 * ROUNDS;
  const began = performance.now();
  for (let i = 0; i < updates; i++) {
    const id = i % resources;
    await state.update(Thing, `thing-${id}`, spec(id, 1 + i));
    if (i % 500 === 499) await turn();
  }
  while (seen < updates * count) await turn();
  const elapsedMs = performance.now() - began;
  over.abort();
  await Promise.all(readers);
  const eventTargetMs = await eventTarget(updates, count);
  const copyMs = copies(updates);
  report({
    bench: "watch",
    resources,
    watchers: count,
    updates,
    deliveredPerSecond: Math.round(updates * count / elapsedMs * 1000),
    updatesPerSecond: Math.round(updates / elapsedMs * 1000),
    bytesPerWatcher,
    baseline: {
      eventTargetDeliveredPerSecond: Math.round(updates * count / eventTargetMs * 1000),
      objectCopiesPerSecond: Math.round(updates / copyMs * 1000),
    },
  });
}

async function eventTarget(updates: number, count: number): Promise<number> {
  const target = new EventTarget();
  let seen = 0;
  for (let i = 0; i < count; i++) target.addEventListener("change", () => seen++);
  const began = performance.now();
  for (let i = 0; i < updates; i++) {
    target.dispatchEvent(new CustomEvent("change", { detail: spec(i, i) }));
    if (i % 500 === 499) await turn();
  }
  if (seen !== updates * count) throw new Error("Cannot compare: events were lost");
  return performance.now() - began;
}

function copies(updates: number): number {
  const kept = new Map<number, Spec>();
  const began = performance.now();
  for (let i = 0; i < updates; i++) kept.set(i % 1_000, { ...spec(i, i) });
  return performance.now() - began;
}

/** Passes a second of a controller that does nothing but wake itself. */
async function noop(): Promise<void> {
  let passes = 0;
  const over = new AbortController();
  const controller: Controller = {
    name: "bench.Noop",
    inputs: [weak(Input)],
    outputs: [exclusive(Output)],
    async run(rt) {
      for await (const _ of rt.passes()) {
        passes++;
        rt.wake();
      }
    },
  };
  const state = new MemoryState();
  const engine = new ControllerEngine({ state, pace: { perSecond: Infinity } });
  engine.register(controller);
  const running = engine.run(over.signal);
  await new Promise((resolve) => setTimeout(resolve, NOOP_MS));
  const counted = passes;
  over.abort();
  await running;
  const baseline = await turns();
  report({
    bench: "noop controller",
    reconcilesPerSecond: Math.round(counted / NOOP_MS * 1000),
    baseline: { name: "turns of the event loop", perSecond: baseline },
  });
}

async function turns(): Promise<number> {
  const { setImmediate } = await import("node:timers/promises");
  const until = performance.now() + NOOP_MS / 2;
  let count = 0;
  while (performance.now() < until) {
    await setImmediate();
    count++;
  }
  return Math.round(count / (NOOP_MS / 2) * 1000);
}

/** From a change of an input to the output that follows from it, as a watcher sees it. */
async function latency(): Promise<void> {
  const over = new AbortController();
  const state = new MemoryState();
  const engine = new ControllerEngine({ state, pace: { perSecond: Infinity } });
  engine.register({
    name: "bench.Copy",
    inputs: [weak(Input)],
    outputs: [exclusive(Output)],
    async run(rt) {
      for await (const pass of rt.passes()) {
        const input = await pass.find(Input, "in");
        if (input) await pass.put(Output, "out", input);
      }
    },
  });
  const running = engine.run(over.signal);
  await state.create(Input, "in", { n: 0 });
  const outputs = state.watch(Output, { id: "out", signal: over.signal });
  const reached = async (n: number): Promise<void> => {
    for (;;) {
      const { value } = await outputs.next();
      if (value?.type !== "destroyed" && value?.resource.spec?.n === n) return;
    }
  };
  await reached(0);
  const samples: number[] = [];
  for (let n = 1; n <= LATENCIES; n++) {
    const start = performance.now();
    await state.update(Input, "in", { n });
    await reached(n);
    samples.push(performance.now() - start);
  }
  over.abort();
  await running;
  report({
    bench: "wake-up to output",
    samples: samples.length,
    p50Us: Math.round(percentile(samples, 0.5) * 1000),
    p99Us: Math.round(percentile(samples, 0.99) * 1000),
    maxUs: Math.round(percentile(samples, 1) * 1000),
    baseline: { name: "EventTarget to listener", p99Us: eventLatency() },
  });
}

function eventLatency(): number {
  const target = new EventTarget();
  let end = 0;
  target.addEventListener("change", () => end = performance.now());
  const samples: number[] = [];
  for (let i = 0; i < LATENCIES; i++) {
    const start = performance.now();
    target.dispatchEvent(new CustomEvent("change", { detail: { n: i } }));
    samples.push(end - start);
  }
  return Math.round(percentile(samples, 0.99) * 1000);
}

const [resources = 10_000, count = 100] = Deno.args.map(Number);
const state = await fill(resources);
await watchers(state, resources, count);
await noop();
await latency();
collect();
report({ bench: "memory", ...await machineBytes() });
