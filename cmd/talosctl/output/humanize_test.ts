import assert from "node:assert/strict";
import { humanBytes, humanTime } from "./humanize.ts";

for (
  const [bytes, want] of [
    [0, "0 B"],
    [9, "9 B"],
    [10, "10 B"],
    [999, "999 B"],
    [1_000, "1.0 kB"],
    [9_949, "9.9 kB"],
    [9_951, "10 kB"],
    [82_854_982, "83 MB"],
    [1_000_000, "1.0 MB"],
    [2_147_483_648, "2.1 GB"],
    [18_446_744_073_709_551_615n, "18 EB"],
  ] as const
) {
  Deno.test(`humanBytes() shows ${bytes} as ${want}`, () => assert.equal(humanBytes(bytes), want));
}

const DAY = 86_400_000;
for (
  const [ago, want] of [
    [0, "now"],
    [1_000, "1 second ago"],
    [59_000, "59 seconds ago"],
    [60_000, "1 minute ago"],
    [7_200_000, "2 hours ago"],
    [DAY, "1 day ago"],
    [13 * DAY, "1 week ago"],
    [45 * DAY, "1 month ago"],
    [800 * DAY, "2 years ago"],
    [-120_000, "2 minutes from now"],
  ] as const
) {
  Deno.test(`humanTime() calls ${ago} ms ${want}`, () => assert.equal(humanTime(-ago, 0), want));
}
