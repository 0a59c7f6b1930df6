import assert from "node:assert/strict";
import { inOwnProcess, lacksPath, lacksProgram, output, rootTest } from "./testing.ts";
import { growXfs } from "./xfs.ts";

const MIB = 1 << 20;

/** Why this kernel has no XFS, if so. */
function lacksXfs(): string | undefined {
  return /\bxfs$/m.test(Deno.readTextFileSync("/proc/filesystems"))
    ? undefined
    : "this kernel has no XFS";
}

rootTest("growXfs() fills the device, once", async () => {
  const dir = await Deno.makeTempDir({ prefix: "xfs-" });
  const file = `${dir}/disk`;
  await Deno.writeFile(file, new Uint8Array());
  await Deno.truncate(file, 320 * MIB);
  try {
    await output("mkfs.xfs", ["-q", file]);
    await Deno.truncate(file, 640 * MIB);
    const grown = await inOwnProcess(
      `import { attachLoop } from "$ffi/loop.ts"; import { mount, unmount } from "$ffi/mount.ts";
       import { filesystemRoom } from "$ffi/statfs.ts"; import { growXfs } from "$ffi/xfs.ts";
       using loop = attachLoop(${JSON.stringify(file)}, { autoclear: true });
       const target = ${JSON.stringify(dir)};
       mount({ source: loop.path, target, type: "xfs" });
       const size = () => Math.round(filesystemRoom(target).sizeBytes / ${100 * MIB});
       const steps = [size(), growXfs(target, ${640 * MIB}), size(), growXfs(target, ${640 * MIB})];
       unmount(target);
       console.log(JSON.stringify(steps));`,
      ["unshare", "--mount"],
    );
    assert.deepEqual(grown, [3, true, 6, false]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, lacksXfs() ?? lacksPath("/dev/loop-control") ?? lacksProgram("mkfs.xfs", "unshare"));

Deno.test("growXfs() throws ENOTTY with the path where there is no XFS", () => {
  assert.throws(() => growXfs("/proc", MIB), { code: "ENOTTY", subject: "/proc" });
});
