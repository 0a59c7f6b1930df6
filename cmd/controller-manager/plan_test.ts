import assert from "node:assert/strict";
import { type NodeRecord, poolSpec, RETRY_ANNOTATION } from "$lib/pool/mod.ts";
import type { NodeFacts } from "./members.ts";
import { carriedRecords, isUpToDate, plan, type Situation } from "./plan.ts";
import { inProgress } from "./progress.ts";
import { chance, facts, testPool } from "./testing.ts";

const NOW = Date.parse("2026-01-05T12:00:00Z");
const TARGET = "v2.0.0";

function record(name: string, phase: NodeRecord["phase"], version = TARGET): NodeRecord {
  return {
    ...{ name, phase, version, address: "10.0.0.1", image: "", message: "as it is" },
    ...{ startedAt: "", deadline: "", requests: 1 },
    ...(phase === "Failed" ? { reason: "RolledBack" as const } : {}),
  };
}

function situation(members: readonly NodeFacts[], more: Partial<Situation> = {}): Situation {
  return {
    ...{ spec: poolSpec({ version: TARGET }), target: TARGET, records: [], now: NOW },
    ...{ membership: { members, contested: [] }, controlPlaneBusy: false, ...more },
  };
}

/** `names | reason` of what is decided. */
function decided(...args: Parameters<typeof situation>): string {
  const { start, standing } = plan(situation(...args));
  return `${start.map(({ name }) => name).join(" ")} | ${standing.reason}`;
}

const THREE = [facts("a"), facts("b"), facts("c")];
const spec = (more: object) => ({ spec: poolSpec({ version: TARGET, ...more }) });

for (
  const [what, want, members, more] of [
    ["begins with the first node", "a | Upgrading", THREE],
    ["begins with as many as may be away", "a b | Upgrading", THREE, spec({ concurrency: 2 })],
    ["waits for one under way", " | Upgrading", THREE, { records: [record("a", "Upgrading")] }],
    ["goes on with the next", "b | Upgrading", THREE, { records: [record("a", "Upgraded")] }],
    ["stops at a failure", " | Stopped", THREE, { records: [record("a", "Failed")] }],
    [
      ...["stops at a failure though more could be away", " | Stopped", THREE],
      { records: [record("a", "Failed")], ...spec({ concurrency: 3 }) },
    ],
    [
      ...["upgrades anew what had another release", "a | Upgrading", THREE],
      { records: [record("a", "Upgraded", "v1.5.0")] },
    ],
    ["is content with all on the release", " | UpToDate", [facts("a", { version: TARGET })]],
    ["is content without nodes", " | Empty", []],
    ["waits for the channel", " | Unresolved", THREE, { target: undefined }],
    ["holds while it is paused", " | Paused", THREE, spec({ paused: true })],
    [
      ...["waits for the window", " | OutsideWindow", THREE],
      spec({ window: { start: "13:00", duration: "1h" } }),
    ],
    ["leaves other systems alone", " | NotTalos", [facts("a", { version: "" })]],
    [
      ...["counts a node that is not Ready as away", " | NodesNotReady"],
      [facts("a"), facts("b", { ready: false })],
    ],
    [
      ...["does not uncordon what somebody cordoned", " | NodesNotReady"],
      [facts("a", { open: false })],
    ],
    [
      ...["goes on beside one that is not Ready where two may be away", "a | Upgrading"],
      ...[[facts("a"), facts("b", { ready: false }), facts("c")], spec({ concurrency: 2 })],
    ],
    [
      ...["does not ask Kubernetes where that check is off", "b | Upgrading"],
      [facts("a", { version: TARGET }), facts("b", { ready: false })],
      spec({ healthChecks: { node: false } }),
    ],
    [
      ...["never takes two control plane nodes at once", "a c | Upgrading"],
      [facts("a", { controlPlane: true }), facts("b", { controlPlane: true }), facts("c")],
      spec({ concurrency: 3 }),
    ],
    [
      ...["waits for a control plane node of another pool", " | WaitingForControlPlane"],
      ...[[facts("a", { controlPlane: true })], { controlPlaneBusy: true }],
    ],
    [
      ...["waits while another pool selects its nodes too", " | Contested", THREE],
      { membership: { members: THREE, contested: ["a (b)"] } },
    ],
  ] as [string, string, NodeFacts[], Partial<Situation>?][]
) {
  Deno.test(`plan() ${what}`, () => assert.equal(decided(members, more), want));
}

Deno.test("plan() keeps to the limit, starts no node twice and none after a failure", () => {
  for (let seed = 0; seed < 3_000; seed++) {
    const random = chance(seed);
    const flip = (odds: number) => random() < odds;
    const members = Array.from(
      { length: Math.floor(random() * 8) },
      (_, at) =>
        facts(`node-${at}`, {
          version: flip(0.3) ? TARGET : "v1.0.0",
          ready: flip(0.9),
          open: flip(0.9),
          controlPlane: flip(0.3),
        }),
    );
    const records = members.filter(() => flip(0.4)).map(({ name }) =>
      record(name, flip(0.1) ? "Failed" : flip(0.5) ? "Upgraded" : "Upgrading")
    );
    const concurrency = 1 + Math.floor(random() * 4);
    const controlPlaneBusy = flip(0.2) ||
      members.some(({ name, controlPlane }) =>
        controlPlane && records.some((one) => one.name === name && inProgress(one))
      );
    const { start, standing } = plan(situation(members, {
      ...{ records, controlPlaneBusy, ...spec({ concurrency }) },
    }));
    const where = `seed ${seed}`;
    const running = records.filter(inProgress);
    const unready = members.filter(({ ready, open, name }) =>
      !(ready && open) && !running.some((one) => one.name === name)
    );
    if (start.length > 0) {
      assert.ok(start.length + running.length + unready.length <= concurrency, where);
      assert.ok(records.every(({ phase }) => phase !== "Failed"), where);
    }
    assert.equal(new Set(start.map(({ name }) => name)).size, start.length, where);
    assert.ok(
      start.filter(({ controlPlane }) => controlPlane).length <= (controlPlaneBusy ? 0 : 1),
    );
    for (const node of start) {
      assert.ok(node.ready && node.open && node.version !== TARGET, where);
      assert.ok(!records.some(({ name }) => name === node.name), where);
    }
    // Without anything under way or wrong there is always a next one, or none is left.
    if (running.length === 0 && unready.length === 0 && standing.reason !== "Stopped") {
      const done = members.every((node) =>
        isUpToDate(node, { spec: poolSpec({ version: TARGET }), target: TARGET, records })
      );
      assert.equal(start.length === 0, done || standing.reason === "WaitingForControlPlane", where);
    }
  }
});

Deno.test("isUpToDate() leaves a newer node alone by a channel, not by a version", () => {
  const node = facts("a", { version: "v2.1.0" });
  const channel = poolSpec({ channel: "stable" });
  assert.equal(isUpToDate(node, { spec: channel, target: TARGET, records: [] }), true);
  const { spec } = situation([]);
  assert.equal(isUpToDate(node, { spec, target: TARGET, records: [] }), false);
});

Deno.test("carriedRecords() keeps a failure until the spec or the annotation changes", () => {
  const nodes = [record("a", "Upgraded"), record("b", "Failed"), record("c", "Upgrading")];
  const kept = (generation: number, retry?: string, handled?: string) => {
    const annotations = retry === undefined ? {} : { [RETRY_ANNOTATION]: retry };
    const status = { nodes, observedGeneration: 1, ...(handled ? { retry: handled } : {}) };
    const metadata = { name: "a", generation, annotations };
    return carriedRecords(testPool({}, { metadata, status })).map(({ name }) => name).join("");
  };
  assert.equal(kept(1), "abc");
  assert.equal(kept(1, "first", "first"), "abc");
  assert.equal(kept(2), "c");
  assert.equal(kept(1, "first"), "c");
  assert.equal(kept(1, "second", "first"), "c");
  // Taken away again, it asks for nothing.
  assert.equal(kept(1, undefined, "first"), "abc");
});
