import assert from "node:assert/strict";
import { systemClock } from "$lib/clock/mod.ts";
import { followUpgrade } from "./follow.ts";
import { type Sight, type Verdict, verdict } from "./verdict.ts";

const BEFORE: Sight = {
  ...{ version: "v1", slot: "A", state: "permanent", message: "", bootId: "one" },
};
const AFTER: Sight = { ...BEFORE, version: "v2", slot: "B", bootId: "two" };
const FAULT = "v2 was tried and failed: it did not come up";

interface Case {
  readonly name: string;
  readonly before?: Sight;
  readonly now: Sight;
  readonly staged?: boolean;
  readonly want: Verdict["kind"];
}

for (
  const { name, before = BEFORE, now, staged = false, want } of [
    { name: "the release that runs still", now: BEFORE, want: "waiting" },
    { name: "a release on trial", now: { ...AFTER, state: "trial" }, want: "waiting" },
    { name: "a release that is permanent", now: AFTER, want: "done" },
    {
      ...{ name: "a release that fell back", want: "failed" },
      now: { ...BEFORE, bootId: "three", state: "rolledBack", message: FAULT },
    },
    {
      ...{ name: "an installer that failed", want: "failed" },
      now: { ...BEFORE, bootId: "two", message: "the last upgrade, to v2, failed: no space" },
    },
    {
      ...{ name: "an older failure, before the reboot", want: "waiting" },
      before: { ...BEFORE, state: "rolledBack", message: FAULT },
      now: { ...BEFORE, state: "rolledBack", message: FAULT },
    },
    {
      ...{ name: "an older failure, in the boot that installs", want: "waiting", staged: true },
      before: { ...BEFORE, state: "rolledBack", message: FAULT },
      now: { ...BEFORE, state: "rolledBack", message: FAULT, bootId: "two" },
    },
  ] as Case[]
) {
  Deno.test(`verdict() takes ${name} for ${want}`, () => {
    assert.equal(verdict(before, now, staged).kind, want);
  });
}

/** Follows a node that shows these one after the other; undefined is a node that does not answer. */
async function followed(sights: readonly (Sight | undefined)[], said: string[] = []) {
  let now = 0;
  let looks = 0;
  await followUpgrade(BEFORE, {
    look: () => {
      const sight = sights[Math.min(looks++, sights.length - 1)];
      return sight ? Promise.resolve(sight) : Promise.reject(new Error("unreachable"));
    },
    clock: {
      ...systemClock,
      monotonic: () => now,
      sleep: (ms) => Promise.resolve(void (now += ms)),
    },
    ...{ staged: false, say: (line) => void said.push(line), timeoutMs: 60_000 },
    signal: new AbortController().signal,
  });
}

Deno.test("followUpgrade() tells each change once, over the reboot, until the release stays", async () => {
  const trial: Sight = { ...AFTER, state: "trial" };
  const said: string[] = [];
  await followed([BEFORE, BEFORE, undefined, undefined, trial, AFTER], said);
  assert.deepEqual(said, [
    ...["v1 in slot A runs still", "the node does not answer", "v2 in slot B is on trial"],
    "v2 in slot B is permanent",
  ]);
});

Deno.test("followUpgrade() fails with why the former release runs again", async () => {
  const back: Sight = { ...BEFORE, bootId: "three", state: "rolledBack", message: FAULT };
  await assert.rejects(followed([BEFORE, undefined, back]), { message: FAULT });
});

Deno.test("followUpgrade() does not wait for ever", async () => {
  await assert.rejects(followed([BEFORE, undefined]), {
    message: /the end of the upgrade: the node does not answer, still so after 1 minutes$/,
  });
});
