import assert from "node:assert/strict";
import { Backoff } from "./backoff.ts";
import { Pace } from "./pace.ts";

Deno.test("Pace lets a burst through and spreads what follows", () => {
  const pace = new Pace(0, { burst: 3, perSecond: 10 });
  assert.deepEqual([1, 2, 3, 4, 5].map(() => pace.take(0)), [0, 0, 0, 100, 200]);
  assert.equal(pace.take(10_000), 0);
});

Deno.test("Pace without a limit never waits", () => {
  const pace = new Pace(0, { perSecond: Infinity });
  for (let i = 0; i < 1_000; i++) assert.equal(pace.take(0), 0);
});

Deno.test("Backoff doubles up to its limit and starts over after a success", () => {
  const backoff = new Backoff({ initialMs: 100, maximumMs: 500, random: () => 0.5 });
  assert.deepEqual([1, 2, 3, 4, 5].map(() => backoff.next()), [100, 200, 400, 500, 500]);
  backoff.reset();
  assert.equal(backoff.next(), 100);
});

Deno.test("Backoff spreads waits by a fifth and never exceeds its limit", () => {
  for (const random of [0, 1]) {
    const backoff = new Backoff({ initialMs: 100, maximumMs: 300, random: () => random });
    assert.equal(Math.round(backoff.next()), random ? 120 : 80);
    for (let i = 0; i < 2_000; i++) assert.ok(backoff.next() <= 300);
  }
});
