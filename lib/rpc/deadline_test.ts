import assert from "node:assert/strict";
import { deadlineMs, formatTimeout, parseTimeout } from "./deadline.ts";

const RULES = { unaryMs: 1_000, imageMs: 30_000, maxMs: 60_000 };
const UNARY = "/machine.MachineService/Version";
const STREAM = "/machine.MachineService/Logs";
const UPGRADE = "/machine.MachineService/Upgrade";

for (
  const [text, ms] of [["5S", 5_000], ["250m", 250], ["2H", 7_200_000], ["1M", 60_000], [
    "500000u",
    500,
  ], ["1000000n", 1]] as const
) {
  Deno.test(`parseTimeout() reads ${text} as ${ms} ms`, () => assert.equal(parseTimeout(text), ms));
}

for (const text of ["", "5", "S", "-5S", "123456789S", "5s", "5S "]) {
  Deno.test(`parseTimeout() refuses "${text}"`, () => {
    assert.throws(() => parseTimeout(text), SyntaxError);
  });
}

Deno.test("formatTimeout() stays within eight digits and is read back", () => {
  assert.equal(formatTimeout(1234.2), "1235m");
  assert.equal(parseTimeout(formatTimeout(200_000_000)), 200_000_000);
});

Deno.test("deadlineMs() caps what is asked, defaults unary calls, leaves streams open", () => {
  assert.equal(deadlineMs("5S", UNARY, RULES), 5_000);
  assert.equal(deadlineMs("5H", STREAM, RULES), 60_000);
  assert.equal(deadlineMs(undefined, UNARY, RULES), 1_000);
  assert.equal(deadlineMs(undefined, STREAM, RULES), undefined);
});

Deno.test("deadlineMs() gives an upgrade the time that its image takes to come", () => {
  assert.equal(deadlineMs(undefined, UPGRADE, RULES), 30_000);
  assert.equal(deadlineMs("5S", UPGRADE, RULES), 5_000);
});
