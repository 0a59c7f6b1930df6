import assert from "node:assert/strict";
import { planState, type StateFacts } from "./state_encryption.ts";

const A = { provider: "luks2", keys: [{ slot: 0, static: { passphrase: "a" } }] };
const B = { provider: "luks2", keys: [{ slot: 0, nodeID: {} }] };
const NONE: StateFacts = { wanted: undefined, encrypted: false, ways: [], used: false };

for (
  const [what, facts, kind] of [
    ["has nothing to do without encryption", NONE, "nothing"],
    ["forgets the key of a volume that is gone", { ...NONE, ways: [A] }, "forget"],
    ["encrypts a volume that holds nothing", { ...NONE, wanted: A }, "encrypt"],
    ["goes on with that after a cut", { ...NONE, wanted: A, ways: [A] }, "encrypt"],
    ["leaves a volume with a configuration", { ...NONE, wanted: A, used: true }, "leave"],
    ["leaves an encrypted one", { ...NONE, encrypted: true, ways: [A], used: true }, "leave"],
    ["has nothing to do twice", { ...NONE, encrypted: true, wanted: A, ways: [A] }, "nothing"],
    ["changes keys", { ...NONE, encrypted: true, wanted: B, ways: [A], used: true }, "changeKeys"],
    ["ends a change of keys", { ...NONE, encrypted: true, wanted: B, ways: [A, B] }, "changeKeys"],
    ["restores what META lost", { ...NONE, encrypted: true, wanted: B }, "changeKeys"],
  ] as const
) {
  Deno.test(`planState() ${what}`, () => {
    assert.equal(planState(facts).kind, kind);
  });
}

Deno.test("planState() names the field of what it leaves as it is", () => {
  const { encrypted, ...rest } = NONE;
  for (const facts of [{ ...rest, encrypted: !encrypted }, { ...NONE, wanted: A, used: true }]) {
    const plan = planState(facts);
    assert.match(plan.kind === "leave" ? plan.why : "", /machine\.systemDiskEncryption\.state/);
  }
});
