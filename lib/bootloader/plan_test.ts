import assert from "node:assert/strict";
import { type SlotEntry } from "./entry.ts";
import {
  bootOrder,
  entryOf,
  onTrial,
  planBless,
  planInstall,
  planRollback,
  planUpgrade,
  SlotError,
} from "./plan.ts";

const OLD: SlotEntry = { slot: "a", generation: 4, version: "v1", options: ["quiet"] };
const NEW: SlotEntry = { slot: "b", generation: 5, version: "v2", options: ["quiet"] };
const RELEASE = { version: "v3", options: ["panic=10"] };

const describe = (steps: ReturnType<typeof planUpgrade>) =>
  steps.map((step) => {
    if (step.kind === "rename") return `rename ${step.from} ${step.to}`;
    return step.kind === "publish" || step.kind === "program"
      ? `${step.kind} ${step.temporary} ${step.path}`
      : `${step.kind} ${step.path}`;
  });

Deno.test("planUpgrade() writes the other slot: program whole first, entry last, the running slot never", () => {
  const steps = planUpgrade([OLD, NEW], "a", RELEASE);
  assert.deepEqual(describe(steps), [
    "program /EFI/slots/new.efi /EFI/slots/b.efi",
    "remove /loader/entries/slot-b.conf",
    "publish /EFI/slots/new.efi /EFI/slots/b.efi",
    "write /loader/entries/slot-b+1.conf",
  ]);
  const last = steps.at(-1);
  assert.match(last?.kind === "write" ? last.text : "", /^version 6$/m);
  assert.ok(!describe(steps).some((step) => /\ba\.efi|slot-a/.test(step)));
});

Deno.test("planUpgrade() removes every entry of its slot, a failed one too", () => {
  const failed: SlotEntry = { ...NEW, triesLeft: 0, triesDone: 1 };
  const steps = describe(planUpgrade([OLD, failed, NEW], "a", RELEASE));
  assert.ok(steps.includes("remove /loader/entries/slot-b+0-1.conf"));
  assert.ok(steps.includes("remove /loader/entries/slot-b.conf"));
});

Deno.test("planInstall() puts the first release into slot A, to stay", () => {
  assert.deepEqual(describe(planInstall(RELEASE)), [
    "program /EFI/slots/new.efi /EFI/slots/a.efi",
    "publish /EFI/slots/new.efi /EFI/slots/a.efi",
    "write /loader/entries/slot-a.conf",
  ]);
});

Deno.test("planRollback() gives the other release the highest generation and leaves it as it was", () => {
  const [step, ...more] = planRollback([OLD, NEW], "b");
  assert.deepEqual(more, []);
  assert.deepEqual(step, {
    kind: "write",
    path: "/loader/entries/slot-a.conf",
    text: "title v1 (slot A)\nsort-key node\nversion 6\nefi /EFI/slots/a.efi\noptions quiet\n",
  });
});

Deno.test("planRollback() refuses where there is no other release, and one that failed", () => {
  assert.throws(() => planRollback([OLD], "a"), (error: Error) => {
    return error instanceof SlotError && /slot B holds no release/.test(error.message);
  });
  const failed = { ...NEW, triesLeft: 0, triesDone: 1 };
  assert.throws(() => planRollback([OLD, failed], "a"), /v2 in slot B: it did not come up/);
});

Deno.test("planBless() takes the counter off the running release, once", () => {
  const tried = { ...NEW, triesLeft: 0, triesDone: 1 };
  assert.deepEqual(planBless([OLD, tried], "b"), [{
    kind: "rename",
    from: "/loader/entries/slot-b+0-1.conf",
    to: "/loader/entries/slot-b.conf",
  }]);
  assert.deepEqual(planBless([OLD, NEW], "b"), []);
  assert.deepEqual([onTrial([OLD, tried], "b"), onTrial([OLD, tried], "a")], [true, false]);
});

Deno.test("bootOrder() puts a release that used up its tries behind all others", () => {
  const spent = { ...NEW, triesLeft: 0, triesDone: 1 };
  const fresh = { ...NEW, triesLeft: 1 };
  assert.deepEqual(bootOrder([OLD, spent]), [OLD, spent]);
  assert.deepEqual(bootOrder([OLD, fresh]), [fresh, OLD]);
  assert.equal(entryOf([OLD, spent, NEW], "b"), NEW);
});
