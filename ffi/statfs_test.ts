import assert from "node:assert/strict";
import { filesystemRoom, STATFS } from "./statfs.ts";
import { inOwnProcess, lacksProgram, layoutTest, rootTest } from "./testing.ts";

layoutTest("statfs.ts STATFS", ["sys/vfs.h"], {
  "sizeof(struct statfs)": STATFS.size,
  "offsetof(struct statfs, f_type)": STATFS.type,
  "offsetof(struct statfs, f_blocks)": STATFS.blocks,
  "offsetof(struct statfs, f_bfree)": STATFS.freeBlocks,
  "offsetof(struct statfs, f_bavail)": STATFS.availableBlocks,
  "offsetof(struct statfs, f_files)": STATFS.files,
  "offsetof(struct statfs, f_ffree)": STATFS.freeFiles,
  "offsetof(struct statfs, f_frsize)": STATFS.fragmentSize,
  "offsetof(struct statfs, f_flags)": STATFS.flags,
});

rootTest("filesystemRoom() counts bytes and files of a tmpfs of known size", async () => {
  const dir = await Deno.makeTempDir();
  const room = await inOwnProcess<Record<string, unknown>>(
    `import { mount, MS } from "$ffi/mount.ts"; import { filesystemRoom } from "$ffi/statfs.ts";
     const target = ${JSON.stringify(dir)}, data = "size=1m,nr_inodes=10";
     mount({ source: "tmpfs", target, type: "tmpfs", data });
     Deno.writeFileSync(target + "/f", new Uint8Array(1 << 19));
     mount({ source: "", target, type: "", flags: MS.REMOUNT | MS.RDONLY });
     console.log(JSON.stringify(filesystemRoom(target)));`,
    ["unshare", "--mount"],
  );
  assert.deepEqual(room, {
    type: 0x01021994,
    sizeBytes: 1 << 20,
    freeBytes: 1 << 19,
    availableBytes: 1 << 19,
    files: 10,
    freeFiles: 8,
    readOnly: true,
  });
  await Deno.remove(dir);
}, lacksProgram("unshare"));

Deno.test("filesystemRoom() throws ENOENT with the path", () => {
  assert.throws(() => filesystemRoom("/nowhere"), { code: "ENOENT", subject: "/nowhere" });
});
