/** Whole rollouts by the pure parts alone, with machines that take chances. */
import assert from "node:assert/strict";
import { type NodeRecord, type Pool, poolSpec, type PoolStatus } from "$lib/pool/mod.ts";
import type { Sight } from "$lib/upgrade/mod.ts";
import { type FleetNode, memberships, nodeFacts } from "./members.ts";
import { carriedRecords, plan } from "./plan.ts";
import { beginning, inProgress, type Look, step } from "./progress.ts";
import { poolStatus } from "./status.ts";
import { BEFORE, chance, testNode, testPool } from "./testing.ts";

const START = Date.parse("2026-01-05T12:00:00Z");
const TARGET = "v2.0.0";
const STEP_MS = 20_000;

/** A machine that was asked to upgrade shows this from pass to pass. */
interface Machine {
  readonly node: FleetNode;
  readonly controlPlane: boolean;
  readonly fate: "comes up" | "falls back" | "never answers" | "refuses";
  /** Passes since it was asked. */
  age: number | undefined;
}

const LABEL = "node-role.kubernetes.io/control-plane";

function machines(random: () => number): Machine[] {
  return Array.from({ length: 1 + Math.floor(random() * 7) }, (_, at) => {
    const node = testNode(`node-${at}`, "a");
    const controlPlane = random() < 0.3;
    const labels = { ...node.metadata.labels, ...(controlPlane ? { [LABEL]: "" } : {}) };
    const roll = random();
    const fate = roll < 0.85
      ? "comes up"
      : roll < 0.9
      ? "falls back"
      : roll < 0.95
      ? "never answers"
      : "refuses";
    return {
      node: { ...node, metadata: { ...node.metadata, labels } },
      controlPlane,
      fate,
      age: undefined,
    };
  });
}

/** What a look shows of a machine. */
function lookAt(machine: Machine, random: () => number): Look {
  const { fate, age = 0 } = machine;
  if (age === 1) {
    return fate === "refuses"
      ? { answer: { kind: "refused", message: "no such image" } }
      : { answer: { kind: "accepted", message: "Upgrade request received" } };
  }
  if (age < 3) return { sight: BEFORE };
  if (age < 5 || fate === "never answers" || random() < 0.1) return { fault: "no route to host" };
  const after: Sight = { ...BEFORE, version: TARGET, slot: "B", bootId: "two" };
  if (age < 7) return { sight: { ...after, state: "trial" } };
  if (fate === "comes up") {
    return { sight: after, ...(random() < 0.2 ? { unwell: "not Ready" } : {}) };
  }
  return { sight: { ...BEFORE, bootId: "three", state: "rolledBack", message: "did not come up" } };
}

/** One pass as the manager makes it: a look at what is under way, a plan, a status. */
function pass(
  pool: Pool,
  fleet: readonly Machine[],
  now: number,
  random: () => number,
): PoolStatus {
  const spec = poolSpec(pool.spec);
  const byName = new Map(fleet.map((machine) => [machine.node.metadata.name, machine]));
  let records = carriedRecords(pool).map((record): NodeRecord => {
    const machine = byName.get(record.name)!;
    if (!inProgress(record)) return record;
    machine.age = (machine.age ?? 0) + 1;
    return step(record, lookAt(machine, random), { now, settleMs: 40_000 });
  });
  const membership = memberships([pool], fleet.map(({ node }) => node)).get("a")!;
  const controlPlaneBusy = records.some((record) =>
    inProgress(record) && nodeFacts(byName.get(record.name)!.node).controlPlane
  );
  const situation = { spec, target: TARGET, membership, records, controlPlaneBusy, now };
  const { start, standing } = plan(situation);
  const begun = start.map((node) =>
    beginning(node, { version: TARGET, image: "", before: BEFORE, spec, now })
  );
  records = [...records, ...begun];
  const target = { version: TARGET };
  return poolStatus({
    ...{ pool, spec, target, members: membership.members, records, standing, now },
  });
}

Deno.test("a rollout ends with every node upgraded, or stopped with nothing begun after the failure", () => {
  const ends = { upgraded: 0, stopped: 0 };
  for (let seed = 0; seed < 150; seed++) {
    const random = chance(seed);
    const fleet = machines(random);
    const concurrency = 1 + Math.floor(random() * 3);
    let pool = testPool({ version: TARGET, concurrency });
    let begun = 0;
    let failedAt: number | undefined;
    for (let at = 0; at < 400; at++) {
      // Nothing but the status goes from one pass to the next.
      const status = JSON.parse(JSON.stringify(pass(pool, fleet, START + at * STEP_MS, random)));
      pool = { ...pool, status };
      const { nodes } = status as PoolStatus;
      const running = nodes.filter(inProgress);
      const planes = running.filter(({ name }) =>
        fleet.some(({ node, controlPlane }) => controlPlane && node.metadata.name === name)
      );
      assert.ok(running.length <= concurrency && planes.length <= 1, `seed ${seed}`);
      if (failedAt !== undefined) assert.equal(nodes.length, begun, `seed ${seed}`);
      begun = nodes.length;
      if (nodes.some(({ phase }) => phase === "Failed")) failedAt ??= at;
    }
    const { nodes, conditions, upToDate, failed } = pool.status as PoolStatus;
    assert.ok(!nodes.some(inProgress), `seed ${seed}`);
    const reason = conditions.find(({ type }) => type === "Ready")?.reason;
    if (fleet.every(({ fate }) => fate === "comes up")) {
      assert.deepEqual([reason, upToDate], ["UpToDate", fleet.length], `seed ${seed}`);
      ends.upgraded++;
    } else {
      assert.equal(reason, "Stopped", `seed ${seed}`);
      assert.ok(failed >= 1 && failed <= concurrency, `seed ${seed}`);
      ends.stopped++;
    }
  }
  assert.ok(ends.upgraded > 20 && ends.stopped > 20, JSON.stringify(ends));
});
