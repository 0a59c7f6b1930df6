import assert from "node:assert/strict";
import { hoursMs, renewAt, validity, within } from "./validity.ts";

const NOW = new Date("2026-01-02T03:04:05.678Z");
const at = (text: string): Date => new Date(`2026-01-${text}Z`);

const LIVES: [string, number, Date, Date][] = [
  ["a day", hoursMs(24), at("02T02:59:05"), at("03T03:04:05")],
  ["two minutes", 120_000, at("02T03:03:53"), at("02T03:06:05")],
  ["fifty minutes", 3_000_000, at("02T02:59:05"), at("02T03:54:05")],
];
for (const [name, lifetimeMs, notBefore, notAfter] of LIVES) {
  Deno.test(`validity() of ${name} starts a little early, in whole seconds`, () => {
    assert.deepEqual(validity(NOW, lifetimeMs), { notBefore, notAfter });
  });
}

Deno.test("validity() refuses a lifetime that certificates cannot hold", () => {
  for (const bad of [0, 999, -1, NaN]) assert.throws(() => validity(NOW, bad), RangeError);
});

Deno.test("within() cuts a leaf to its CA and refuses a CA that is over", () => {
  const ca = { notBefore: at("02T00:00:00"), notAfter: at("05T00:00:00") };
  const leaf = { notBefore: at("01T00:00:00"), notAfter: at("09T00:00:00") };
  assert.deepEqual(within(leaf, ca), ca);
  const late = { notBefore: at("06T00:00:00"), notAfter: at("07T00:00:00") };
  assert.throws(() => within(late, ca), /the CA holds only from 2026-01-02T00:00:00\.000Z to/);
});

const RENEWALS: [string, Date, Date][] = [
  ["half time while that is ahead", at("02T10:00:00"), at("02T12:00:00")],
  ["the same half time when asked later", at("02T11:59:59"), at("02T12:00:00")],
  ["now when half time has passed", at("02T18:00:00"), at("02T18:00:00")],
  ["now when it has expired", at("09T00:00:00"), at("09T00:00:00")],
  ["now when it is not valid yet", at("01T00:00:00"), at("01T00:00:00")],
];
for (const [name, now, want] of RENEWALS) {
  Deno.test(`renewAt() is ${name}`, () => {
    assert.deepEqual(renewAt(at("02T00:00:00"), at("03T00:00:00"), now), want);
  });
}

Deno.test("renewAt() of what validity() chose lies before half of the asked life", () => {
  for (const lifetimeMs of [120_000, hoursMs(24), hoursMs(87_600)]) {
    const { notBefore, notAfter } = validity(NOW, lifetimeMs);
    const waitMs = renewAt(notBefore, notAfter, NOW).getTime() - NOW.getTime();
    assert.ok(waitMs <= lifetimeMs / 2, `${waitMs} of ${lifetimeMs}`);
    assert.ok(waitMs >= lifetimeMs * 0.4, `${waitMs} of ${lifetimeMs}`);
  }
});
