import assert from "node:assert/strict";
import { chance } from "./testing.ts";
import { nextOpening } from "./window.ts";

/** 2026-01-05 was a Monday. */
const at = (time: string) => Date.parse(`2026-01-${time}:00Z`);

for (
  const [what, window, now, want] of [
    ["now without a window", undefined, "05T12:00", "05T12:00"],
    ["now inside the window", { start: "11:00", duration: "2h" }, "05T12:00", "05T12:00"],
    ["today's opening before it", { start: "13:00", duration: "2h" }, "05T12:00", "05T13:00"],
    ["tomorrow's after it", { start: "09:00", duration: "2h" }, "05T12:00", "06T09:00"],
    ["tomorrow's at its very end", { start: "10:00", duration: "2h" }, "05T12:00", "06T10:00"],
    ["now after midnight", { start: "22:00", duration: "4h" }, "06T01:00", "06T01:00"],
    [
      ...["now after midnight of a named day", { days: ["Mon"], start: "22:00", duration: "4h" }],
      ...["06T01:00", "06T01:00"],
    ],
    [
      "the next named day",
      { days: ["Sun"], start: "22:00", duration: "4h" },
      "05T12:00",
      "11T22:00",
    ],
    [
      ...["the same day of the next week", { days: ["Mon"], start: "09:00", duration: "1h" }],
      ...["05T12:00", "12T09:00"],
    ],
  ] as [string, Parameters<typeof nextOpening>[0], string, string][]
) {
  Deno.test(`nextOpening() gives ${what}`, () => {
    assert.equal(nextOpening(window, at(now)), at(want));
  });
}

Deno.test("nextOpening() is undefined where nothing ever opens", () => {
  assert.equal(nextOpening({ start: "09:00", duration: "0s" }, at("05T12:00")), undefined);
});

Deno.test("nextOpening() gives a time at which the window is open", () => {
  const random = chance(1);
  for (let count = 0; count < 2_000; count++) {
    const window = {
      days: (["Mon", "Wed", "Sat"] as const).filter(() => random() < 0.5),
      start: `${String(Math.floor(random() * 24)).padStart(2, "0")}:30`,
      duration: `${1 + Math.floor(random() * 24)}h`,
    };
    const now = at("05T12:00") + Math.floor(random() * 30 * 24 * 3_600_000);
    const opens = nextOpening(window, now)!;
    assert.ok(opens >= now && opens - now <= 7 * 24 * 3_600_000, JSON.stringify(window));
    assert.equal(nextOpening(window, opens), opens, JSON.stringify(window));
  }
});
