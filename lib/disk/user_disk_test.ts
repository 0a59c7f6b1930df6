import assert from "node:assert/strict";
import { nodeGpt } from "./target.ts";
import { isNodeGpt, isUserGpt, userGpt, userPartitionStep } from "./user_disk.ts";

const MIB = 1 << 20;
const DISK = { sizeBytes: 1024 * MIB, sectorBytes: 512 };

Deno.test("userGpt() gives each partition its size, and the last one what is left", () => {
  const gpt = userGpt(DISK, [100_000_000, 0]);
  const sizes = gpt.partitions.map(({ firstSector, lastSector }) => lastSector - firstSector + 1);
  assert.deepEqual(sizes.map((sectors) => sectors * 512 / MIB), [96, 926]);
  assert.deepEqual(gpt.partitions.map(({ name }) => name), ["USER-1", "USER-2"]);
  assert.ok(isUserGpt(gpt) && !isNodeGpt(gpt));
  assert.ok(isNodeGpt(nodeGpt({ ...DISK, sizeBytes: 4096 * MIB })));
});

Deno.test("userGpt() says how much a disk that is too small would take", () => {
  assert.throws(() => userGpt(DISK, [2000 * MIB, 0]), /it has 1024 MiB and .* need 2003 MiB/);
  assert.throws(() => userGpt(DISK, [1000 * MIB, 0]), /partition 2 would have 22 MiB.* 64 MiB/);
});

for (
  const [what, name, found, want] of [
    ["mounts a filesystem, whoever made it", "data", { blank: false, xfsLabel: "" }, "mount"],
    ["formats what is blank and its own", "USER-1", { blank: true }, "format"],
    [
      "formats half of a filesystem anew",
      "USER-1",
      { blank: false, xfsLabel: "USER-1", unfinished: { work: "format", label: "USER-1" } },
      "format",
    ],
    ["leaves what is blank and another's", "data", { blank: true }, /not partitioned by this node/],
    ["leaves what it does not know", "USER-1", { blank: false }, /no XFS .*wipe its whole disk/],
  ] as const
) {
  Deno.test(`userPartitionStep() ${what}`, () => {
    const step = userPartitionStep(name, found);
    if (typeof want === "string") assert.equal(step, want);
    else assert.match((step as { fault: string }).fault, want);
  });
}
