import assert from "node:assert/strict";
import { flag, formatDuration, kebab, parseDurationMs } from "./flag.ts";

for (
  const [text, ms] of [
    ["0", 0],
    ["1s", 1_000],
    ["20m0s", 1_200_000],
    ["1h2m3.5s", 3_723_500],
    ["-1.5s", -1_500],
    [".5s", 500],
    ["250ms", 250],
    ["1us", 0.001],
  ] as const
) {
  Deno.test(`parseDurationMs() reads ${text}`, () => assert.equal(parseDurationMs(text), ms));
}
for (const text of ["", "5", "s", "1d", "1s1", "1 s", "--1s", "1.s.2"]) {
  Deno.test(`parseDurationMs() refuses "${text}"`, () => {
    assert.throws(() => parseDurationMs(text), SyntaxError);
  });
}

Deno.test("formatDuration() prints as Go does", () => {
  const texts = [0, 250, 1_000, 61_000, 3_600_000, 90_061_500, -2_000].map(formatDuration);
  assert.deepEqual(texts, ["0s", "250ms", "1s", "1m1s", "1h0m0s", "25h1m1.5s", "-2s"]);
});

Deno.test("flag.list() grows by repeats and splits at commas", () => {
  const list = flag.list("nodes");
  assert.deepEqual(list.parse("c", list.parse("a,b", undefined)), ["a", "b", "c"]);
  assert.deepEqual(list.parse("a,, b ,", undefined), ["a", "b"]);
});

Deno.test("flag.int() takes signed integers only", () => {
  assert.equal(flag.int("tail").parse("-1", undefined), -1);
  for (const raw of ["", "1.5", "0x10", "1e3", "9007199254740993"]) {
    assert.throws(() => flag.int("tail").parse(raw, undefined), SyntaxError);
  }
});

Deno.test("kebab() writes camelCase with dashes", () => {
  assert.equal(kebab("registryInsecureSkipVerify"), "registry-insecure-skip-verify");
});
