import assert from "node:assert/strict";
import { selectedSlot } from "./read_entry.ts";
import { oneShot, planStart } from "./starts.ts";

Deno.test("planStart() starts a release three times, the other one once, and then stays", () => {
  const plans = [1, 2, 3, 4, 5].map((number) => planStart(number, number === 4 ? "b" : "a"));
  assert.deepEqual(plans, [
    { kind: "start" },
    { kind: "start" },
    { kind: "start", nextSlot: "b" },
    { kind: "start" },
    { kind: "stay" },
  ]);
});

Deno.test("planStart() stays with a number that nobody can have counted", () => {
  assert.deepEqual(planStart(255, "a"), { kind: "stay" });
});

Deno.test("oneShot() names the entry as the boot loader does when it has booted it", () => {
  for (const slot of ["a", "b"] as const) {
    assert.equal(selectedSlot(oneShot(slot)), slot);
  }
});
