import assert from "node:assert/strict";
import type { Sight } from "./sight.ts";
import { type Verdict, verdict } from "./verdict.ts";

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
