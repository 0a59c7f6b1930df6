import assert from "node:assert/strict";
import { type ConformanceWorld, readConformance, writeConformance } from "./conformance.ts";
import type { Kind } from "./kind.ts";
import { MemoryState, WATCH_HISTORY } from "./memory_state.ts";
import { until } from "./read.ts";
import { isFault } from "./state_error.ts";
import { liveBytes } from "./_testing.ts";

const NOTE: Kind<{ text: string }> = { namespace: "test", type: "Notes.test.example.org" };

function world(): ConformanceWorld {
  const state = new MemoryState({ history: 64 });
  return { writer: state, reader: state, history: 64, kind: NOTE };
}

for (const { name, run } of [...readConformance, ...writeConformance]) {
  Deno.test(`MemoryState: ${name}`, () => run(world()));
}

Deno.test("MemoryState keeps kinds of the same name in two namespaces apart", async () => {
  const state = new MemoryState();
  await state.create(NOTE, "a", { text: "here" });
  assert.equal(await state.resource({ ...NOTE, namespace: "other" }, "a"), undefined);
});

Deno.test("MemoryState refuses specs that are not plain data", async () => {
  const state = new MemoryState();
  const kind: Kind = { namespace: "test", type: "Things.test.example.org" };
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  for (const spec of [new Map(), () => 1, { at: new Date() }, circle]) {
    await assert.rejects(state.create(kind, "x", spec), (error) => isFault(error, "invalid"));
  }
});

Deno.test("MemoryState bounds what a watcher costs that stops reading for 100,000 events", async () => {
  const state = new MemoryState();
  const text = "x".repeat(1_000);
  await state.create(NOTE, "a", { text });
  const slow = state.watch(NOTE);
  assert.equal((await slow.next()).value?.type, "created");
  let fast = 0;
  const over = new AbortController();
  const reading = (async () => {
    for await (const { resource } of state.watch(NOTE, { signal: over.signal })) {
      assert.equal(resource.metadata.version, ++fast);
    }
  })();
  const before = await liveBytes();
  for (let i = 0; i < 100_000; i++) {
    await state.update(NOTE, "a", { text: `${i}${text}` });
    // A reader that keeps up gets a turn now and then; the slow one never asks for the next event.
    if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  const grown = await liveBytes() - before;
  assert.equal(fast, 100_001, "the watcher that reads misses nothing");
  assert.ok(grown < 8 * 1024 * 1024, `heap grew by ${grown} bytes`);
  await assert.rejects(slow.next(), (error) => {
    return isFault(error, "overrun") &&
      (error as Error).message ===
        `Cannot go on watching: 100000 changes were not read, ${WATCH_HISTORY} are kept`;
  });
  over.abort();
  await reading;
});

Deno.test("MemoryState forgets a watcher that leaves", async () => {
  const state = new MemoryState();
  const before = await liveBytes();
  for (let i = 0; i < 20_000; i++) {
    const over = new AbortController();
    const events = state.watch(NOTE, { signal: over.signal });
    const next = events.next();
    over.abort();
    assert.equal((await next).done, true);
  }
  const grown = await liveBytes() - before;
  assert.ok(grown < 1024 * 1024, `heap grew by ${grown} bytes`);
});

Deno.test("until() waits for a spec that satisfies, and gives up with its signal", async () => {
  const state = new MemoryState();
  const wanted = until(
    state,
    NOTE,
    "a",
    AbortSignal.timeout(5_000),
    (spec) => spec?.text === "yes",
  );
  await state.create(NOTE, "a", { text: "no" });
  await state.update(NOTE, "a", { text: "yes" });
  assert.deepEqual(await wanted, { text: "yes" });
  await assert.rejects(until(state, NOTE, "b", AbortSignal.timeout(20)), { name: "TimeoutError" });
});
