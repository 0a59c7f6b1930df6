import assert from "node:assert/strict";
import { vfatFaults } from "./volumes.ts";

const NEEDED = ["/EFI/slots/a.efi", "/loader/entries/slot-a.conf"];
const IN_USE = `fsck.fat 4.2 (2021-01-31)
Dirty bit is set. Fs was not properly unmounted and some data may be corrupt.
 Automatically removing dirty bit.
There are differences between boot sector and its backup.
This is mostly harmless. Differences: (offset:original/backup)
  65:01/00
  Not automatically fixing this.
Reclaimed 24 unused clusters (98304 bytes).
Free cluster summary wrong (127000 vs. really 126976)
  Auto-correcting.

Leaving filesystem unchanged.
/tmp/EFI: 9 files, 3967/130808 clusters
`;

Deno.test("vfatFaults() lives with what a file system looks like that is in use", () => {
  assert.deepEqual(vfatFaults(IN_USE, NEEDED), []);
});

Deno.test("vfatFaults() spares the file that was being written, and no other", () => {
  const damaged = (path: string) =>
    `${IN_USE}${path}\n  File size is 65536 bytes, cluster chain length is 0 bytes.\n` +
    "  Truncating file to 0 bytes.\n";
  assert.deepEqual(vfatFaults(damaged("/EFI/SLOTS/B.EFI"), NEEDED), []);
  assert.equal(vfatFaults(damaged("/EFI/SLOTS/A.EFI"), NEEDED).length, 3);
  assert.equal(
    vfatFaults(damaged("/LOADER"), NEEDED).length,
    3,
    "a directory of one that is needed",
  );
});

Deno.test("vfatFaults() tells of boot sectors that differ in more than that", () => {
  const report = IN_USE.replace("65:01/00", "65:01/00, 71:4e/45");
  assert.deepEqual(vfatFaults(report, NEEDED), ["65:01/00, 71:4e/45"]);
});

Deno.test("vfatFaults() tells of clusters that two files have", () => {
  const report = `${IN_USE}/EFI/SLOTS/A.EFI  and\n/EFI/SLOTS/B.EFI\n  share clusters.\n`;
  assert.ok(vfatFaults(report, NEEDED).some((line) => /share clusters/.test(line)));
});
