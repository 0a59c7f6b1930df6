import assert from "node:assert/strict";
import { systemClock } from "$lib/clock/mod.ts";
import { poolSpec } from "$lib/pool/mod.ts";
import { Targets } from "./targets.ts";
import { testPool } from "./testing.ts";

const START = Date.parse("2026-01-05T12:00:00Z");
const HOUR_MS = 3_600_000;
const SIGNAL = new AbortController().signal;
const SPEC = poolSpec({ channel: "stable", checkInterval: "2h" });

/** Targets by a clock and a registry of the test. */
function world() {
  const now = { ms: START };
  const registry = { tags: ["v1.0.0"] as readonly string[] | Error, asked: 0 };
  const clock = { ...systemClock, now: () => now.ms, monotonic: () => now.ms };
  const targets = new Targets(clock, async () => {
    registry.asked++;
    if (registry.tags instanceof Error) throw registry.tags;
    return registry.tags;
  });
  return { now, registry, targets };
}

const KNOWN = { observedGeneration: 1, targetVersion: "v1.0.0", checkedAt: "2026-01-05T12:00:00Z" };

Deno.test("Targets asks no registry about a version", async () => {
  const { targets, registry } = world();
  const spec = poolSpec({ version: "v3.0.0" });
  assert.deepEqual(await targets.of(testPool({}), spec, SIGNAL), { version: "v3.0.0" });
  assert.equal(registry.asked, 0);
});

Deno.test("Targets asks about a channel at once, then as often as the pool says", async () => {
  const { targets, registry, now } = world();
  const first = await targets.of(testPool({}), SPEC, SIGNAL);
  assert.deepEqual(first, { version: "v1.0.0", checkedAt: "2026-01-05T12:00:00Z" });
  const pool = testPool({}, { status: KNOWN });
  now.ms += HOUR_MS;
  assert.deepEqual(await targets.of(pool, SPEC, SIGNAL), first);
  assert.equal(registry.asked, 1);
  registry.tags = ["v1.0.0", "v1.1.0"];
  now.ms += HOUR_MS;
  assert.equal((await targets.of(pool, SPEC, SIGNAL)).version, "v1.1.0");
});

Deno.test("Targets asks anew once the pool's spec has changed", async () => {
  const { targets, registry } = world();
  registry.tags = ["v2.0.0"];
  const changed = testPool({}, { status: KNOWN, metadata: { name: "a", generation: 2 } });
  assert.equal((await targets.of(changed, SPEC, SIGNAL)).version, "v2.0.0");
});

Deno.test("Targets keeps what was known while a registry fails, and says why", async () => {
  const { targets, registry, now } = world();
  registry.tags = new Error("no route to host");
  now.ms += 3 * HOUR_MS;
  const pool = testPool({}, { status: KNOWN });
  for (let pass = 0; pass < 5; pass++) {
    const { version, fault } = await targets.of(pool, SPEC, SIGNAL);
    assert.deepEqual([version, fault], ["v1.0.0", "no route to host"]);
  }
  assert.equal(registry.asked, 1);
  now.ms += 60_000;
  await targets.of(pool, SPEC, SIGNAL);
  assert.equal(registry.asked, 2);
});

Deno.test("Targets says that a channel has no release", async () => {
  const { targets, registry } = world();
  registry.tags = ["latest", "v1.0.0-beta.1"];
  const { version, fault } = await targets.of(testPool({}), SPEC, SIGNAL);
  assert.equal(version, undefined);
  assert.match(
    fault ?? "",
    /^Cannot resolve channel "stable": none of the 2 tags of "ghcr.io\/talos-deno\/installer" is a/,
  );
});
