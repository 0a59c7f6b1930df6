import assert from "node:assert/strict";
import { type NodeRecord, poolSpec } from "$lib/pool/mod.ts";
import type { Sight } from "$lib/upgrade/mod.ts";
import { type Answer, beginning, inProgress, type Look, step } from "./progress.ts";
import { BEFORE, chance } from "./testing.ts";

const START = Date.parse("2026-01-05T12:00:00Z");
const MINUTE = 60_000;
const SPEC = poolSpec({ timeout: "30m" });
const BEGUN = beginning({ name: "one", address: "10.0.0.1" }, {
  ...{ version: "v2.0.0", image: "r/i:v2.0.0", before: BEFORE, spec: SPEC, now: START },
});
const ACCEPTED: Answer = { kind: "accepted", message: "Upgrade request received" };
const AFTER: Sight = { ...BEFORE, version: "v2.0.0", slot: "B", bootId: "two" };
const FAULT = "v2.0.0 was tried and failed: it did not come up";
const AWAY: Look = { fault: "no route to host" };

/** The record after these looks, a minute between two; 30 s are enough to settle. */
function after(looks: readonly Look[], minutes = 1): NodeRecord {
  let now = START;
  return looks.reduce(
    (record, look) => step(record, look, { now: now += minutes * MINUTE, settleMs: 30_000 }),
    BEGUN,
  );
}

Deno.test("step() follows a node over its reboot until it has been well for a while", () => {
  const phases: string[] = [];
  let record = BEGUN;
  let now = START;
  for (
    const look of [
      { answer: ACCEPTED },
      { sight: BEFORE },
      AWAY,
      { sight: { ...AFTER, state: "trial" as const } },
      { sight: AFTER, unwell: "not Ready" },
      { sight: AFTER },
      { sight: AFTER },
      AWAY,
    ]
  ) {
    record = step(record, look, { now: now += MINUTE, settleMs: 30_000 });
    phases.push(`${record.phase}: ${record.message}`);
  }
  assert.deepEqual(phases, [
    "Upgrading: Upgrade request received",
    "Upgrading: v1.0.0 in slot A runs still",
    "Upgrading: does not answer: no route to host",
    "Upgrading: v2.0.0 in slot B is on trial",
    "Settling: not Ready",
    "Settling: is well, and has to stay so",
    "Upgraded: runs v2.0.0",
    "Upgraded: runs v2.0.0",
  ]);
  assert.equal(record.finishedAt, "2026-01-05T12:07:00Z");
});

for (
  const [what, looks, reason, message] of [
    ["refused", [{ answer: { kind: "refused", message: "no such image" } }], "Refused", /no such/],
    [
      ...["rolled back", [{ answer: ACCEPTED }, AWAY, {
        sight: { ...BEFORE, bootId: "three", state: "rolledBack", message: FAULT },
      }]],
      ...["RolledBack", /did not come up/],
    ],
    [
      ...["not installed", [{ answer: ACCEPTED }, {
        sight: { ...BEFORE, bootId: "two", message: "the last upgrade failed: no space" },
      }]],
      ...["InstallFailed", /no space/],
    ],
    [
      ...["of another release than asked for", [{ answer: ACCEPTED }, {
        sight: { ...AFTER, version: "v1.9.0" },
      }]],
      ...["WrongVersion", /runs v1.9.0 and not v2.0.0/],
    ],
    [
      ...["rolled back while it settles", [{ answer: ACCEPTED }, {
        sight: AFTER,
        unwell: "not Ready",
      }, { sight: { ...BEFORE, bootId: "three" } }]],
      ...["RolledBack", /runs v1.0.0 again/],
    ],
  ] as [string, Look[], string, RegExp][]
) {
  Deno.test(`step() tells a node that is ${what} as failed`, () => {
    const record = after(looks);
    assert.deepEqual([record.phase, record.reason], ["Failed", reason]);
    assert.match(record.message, message);
  });
}

for (
  const [what, looks, reason, message] of [
    ["does not answer", [{ answer: ACCEPTED }, AWAY], "Unreachable", /no route to host/],
    ["is never well", [{ answer: ACCEPTED }, { sight: AFTER, unwell: "x" }], "Unhealthy", /: x$/],
    ["does not begin", [{ answer: ACCEPTED }, { sight: BEFORE }], "TimedOut", /runs still$/],
    ["never says whether it was heard", [{}, {}], "TimedOut", /asked to upgrade/],
  ] as [string, Look[], string, RegExp][]
) {
  Deno.test(`step() gives up on a node that ${what} at the deadline`, () => {
    assert.ok(inProgress(after(looks, 15)));
    const record = after(looks, 16);
    assert.deepEqual([record.phase, record.reason], ["Failed", reason]);
    assert.match(record.message, message);
  });
}

Deno.test("step() asks again after a broken connection, and a node that is busy", () => {
  const broken = { answer: { kind: "unclear", message: "connection reset" } } as const;
  const busy = { answer: { kind: "unclear", message: "the machine is busy" } } as const;
  const again = after([broken, {}, busy]);
  assert.deepEqual(
    [again.phase, again.requests, again.message],
    ["Requested", 3, "the machine is busy"],
  );
  assert.equal(after([broken, busy, { answer: ACCEPTED }]).phase, "Upgrading");
});

Deno.test("step() does not ask again where another boot shows that the node was heard", () => {
  assert.equal(after([{ sight: { ...AFTER, state: "trial" } }]).phase, "Upgrading");
  assert.equal(after([{ sight: BEFORE }]).phase, "Requested");
});

Deno.test("step() begins the wait anew when a node stops being well", () => {
  const record = after([{ answer: ACCEPTED }, { sight: AFTER }, AWAY, { sight: AFTER }]);
  assert.equal(record.phase, "Settling");
  assert.equal(record.healthySince, "2026-01-05T12:04:00Z");
});

Deno.test("beginning() asks nothing of a node that runs the release", () => {
  const record = beginning({ name: "one", address: "" }, {
    ...{ version: BEFORE.version, image: "", before: BEFORE, spec: SPEC, now: START },
  });
  assert.deepEqual([record.phase, record.message], ["Upgraded", "runs v1.0.0 already"]);
});

Deno.test("step() ends whatever the node shows, once, and never without the new release", () => {
  const looks: Look[] = [
    ...[AWAY, {}, { answer: ACCEPTED }, { sight: BEFORE }, { sight: AFTER }],
    ...[{ sight: AFTER, unwell: "not Ready" }, { sight: { ...AFTER, state: "trial" as const } }],
    { sight: { ...BEFORE, bootId: "two", state: "rolledBack", message: FAULT } },
    { answer: { kind: "unclear", message: "reset" } },
    { answer: { kind: "refused", message: "busy" } },
  ];
  for (let seed = 0; seed < 500; seed++) {
    const random = chance(seed);
    let [record, seen, end] = [BEGUN, false, ""];
    for (let minute = 1; minute < 40; minute++) {
      const look = looks[Math.floor(random() * looks.length)] as Look;
      seen ||= look.sight?.version === "v2.0.0";
      record = step(record, look, { now: START + minute * MINUTE, settleMs: 90_000 });
      if (end !== "") assert.equal(JSON.stringify(record), end, `seed ${seed}`);
      else if (!inProgress(record)) end = JSON.stringify(record);
    }
    assert.notEqual(end, "", `seed ${seed} has no end`);
    if (record.phase === "Upgraded") assert.ok(seen, `seed ${seed}`);
    else assert.ok(record.reason, `seed ${seed}`);
  }
});
