import assert from "node:assert/strict";
import { systemClock } from "$lib/clock/mod.ts";
import type { Sight } from "$lib/upgrade/mod.ts";
import { followUpgrade } from "./follow.ts";

const BEFORE: Sight = {
  ...{ version: "v1", slot: "A", state: "permanent", message: "", bootId: "one" },
};
const AFTER: Sight = { ...BEFORE, version: "v2", slot: "B", bootId: "two" };
const FAULT = "v2 was tried and failed: it did not come up";

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
