/** Disks that cannot be installed to, as the kernel shows them. */
import assert from "node:assert/strict";
import { attachLoop } from "$ffi/loop.ts";
import { rootTest } from "$ffi/testing.ts";
import { targetDiskFault } from "./target_disk.ts";

const MIB = 1 << 20;

/** Asks about a loop device over a file of this size that starts with `content`. */
async function faultOf(
  { mib, content = "", readOnly = false, wipe = false }: {
    readonly mib: number;
    readonly content?: string;
    readonly readOnly?: boolean;
    readonly wipe?: boolean;
  },
): Promise<string | undefined> {
  const file = await Deno.makeTempFile({ prefix: "target-disk-" });
  try {
    await Deno.writeTextFile(file, content);
    await Deno.truncate(file, mib * MIB);
    using loop = attachLoop(file, { readOnly, autoclear: true });
    return await targetDiskFault(loop.path, wipe);
  } finally {
    await Deno.remove(file);
  }
}

rootTest("targetDiskFault() finds nothing against a blank disk", async () => {
  assert.equal(await faultOf({ mib: 1024 }), undefined);
});

rootTest("targetDiskFault() guards what is on a disk, unless it may go", async () => {
  const disk = { mib: 1024, content: "somebody's data" };
  assert.match(await faultOf(disk) ?? "", /^it is not blank; set machine\.install\.wipe to true/);
  assert.equal(await faultOf({ ...disk, wipe: true }), undefined);
});

rootTest("targetDiskFault() says how large a disk must be", async () => {
  const fault = await faultOf({ mib: 300, wipe: true });
  assert.match(fault ?? "", /it has 300 MiB and the partitions EFI, .* need \d+ MiB$/);
});

rootTest("targetDiskFault() knows a disk that is read-only", async () => {
  assert.equal(await faultOf({ mib: 1024, readOnly: true }), "it is read-only");
});

Deno.test("targetDiskFault() knows what is no disk", async () => {
  assert.equal(await targetDiskFault("/dev/no-such-disk", false), "there is no such disk");
  assert.equal(await targetDiskFault("/dev/null", false), "it is no disk");
});
