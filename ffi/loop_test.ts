import assert from "node:assert/strict";
import { Fd } from "./fd.ts";
import { attachLoop, LOOP_CONFIG } from "./loop.ts";
import { inOwnProcess, lacksPath, lacksProgram, layoutTest, output, rootTest } from "./testing.ts";

layoutTest("loop.ts LOOP_CONFIG", ["linux/loop.h"], {
  "sizeof(struct loop_config)": LOOP_CONFIG.size,
  "offsetof(struct loop_config, fd)": LOOP_CONFIG.fd,
  "offsetof(struct loop_config, block_size)": LOOP_CONFIG.blockSize,
  "offsetof(struct loop_config, info.lo_offset)": LOOP_CONFIG.offset,
  "offsetof(struct loop_config, info.lo_sizelimit)": LOOP_CONFIG.sizeLimit,
  "offsetof(struct loop_config, info.lo_flags)": LOOP_CONFIG.flags,
  "offsetof(struct loop_config, info.lo_file_name)": LOOP_CONFIG.fileName,
  "LO_NAME_SIZE": LOOP_CONFIG.fileNameSize,
  "LO_FLAGS_READ_ONLY": LOOP_CONFIG.READ_ONLY,
  "LO_FLAGS_AUTOCLEAR": LOOP_CONFIG.AUTOCLEAR,
  "LO_FLAGS_DIRECT_IO": LOOP_CONFIG.DIRECT_IO,
  "LOOP_CTL_GET_FREE": 0x4c82,
  "LOOP_CONFIGURE": 0x4c0a,
  "LOOP_CLR_FD": 0x4c01,
});

const missing = lacksPath("/dev/loop-control");

function sysfs(device: string, name: string): string {
  return Deno.readTextFileSync(`/sys/block/${device.slice("/dev/".length)}/${name}`).trim();
}

async function withFile(size: number, fn: (path: string) => Promise<void> | void): Promise<void> {
  const path = await Deno.makeTempFile({ prefix: "loop-" });
  try {
    await Deno.truncate(path, size);
    await fn(path);
  } finally {
    await Deno.remove(path);
  }
}

rootTest(
  "attachLoop() shows the file read-only, and detach() frees the device",
  () =>
    withFile(1 << 20, (path) => {
      const loop = attachLoop(path, { readOnly: true, autoclear: true });
      assert.equal(sysfs(loop.path, "ro"), "1");
      assert.equal(sysfs(loop.path, "size"), "2048");
      assert.equal(sysfs(loop.path, "loop/backing_file"), path);
      assert.equal(sysfs(loop.path, "loop/autoclear"), "1");
      loop.detach();
      assert.throws(() => sysfs(loop.path, "loop/backing_file"), Deno.errors.NotFound);
    }),
  missing,
);

rootTest(
  "attachLoop() takes an open descriptor, an offset and a limit, and writes through",
  () =>
    withFile(1 << 20, async (path) => {
      using file = Fd.open(path, 2);
      const loop = attachLoop(file, { offsetBytes: 4096, sizeLimitBytes: 8192 });
      try {
        assert.equal(sysfs(loop.path, "size"), "16");
        const device = await Deno.open(loop.path, { write: true });
        await device.write(new Uint8Array(512).fill(7));
        await device.syncData();
        device.close();
      } finally {
        loop.detach();
      }
      assert.equal((await Deno.readFile(path))[4096], 7);
    }),
  missing,
);

rootTest(
  "LoopDevice with autoclear goes when its holder closes",
  () =>
    withFile(1 << 20, (path) => {
      const loop = attachLoop(path, { readOnly: true, autoclear: true });
      loop.close();
      assert.throws(() => sysfs(loop.path, "loop/backing_file"), Deno.errors.NotFound);
    }),
  missing,
);

rootTest("attachLoop() with mount() reads a squashfs, held by the mount alone", async () => {
  const dir = await Deno.makeTempDir({ prefix: "squash-" });
  try {
    await Deno.mkdir(`${dir}/tree`);
    await Deno.mkdir(`${dir}/at`);
    await Deno.writeTextFile(`${dir}/tree/hello`, "from squashfs");
    await output("mksquashfs", [`${dir}/tree`, `${dir}/image`, "-quiet", "-no-progress"]);
    const result = await inOwnProcess(
      `import { attachLoop } from "$ffi/loop.ts"; import { mount, MS, unmount } from "$ffi/mount.ts";
       const dir = ${JSON.stringify(dir)};
       const loop = attachLoop(dir + "/image", { readOnly: true, autoclear: true });
       mount({ source: loop.path, target: dir + "/at", type: "squashfs",
         flags: MS.RDONLY | MS.NODEV | MS.NOSUID });
       loop.close();
       const text = Deno.readTextFileSync(dir + "/at/hello");
       unmount(dir + "/at");
       let attached = true;
       try { Deno.statSync("/sys/block/" + loop.path.slice(5) + "/loop/backing_file"); }
       catch { attached = false; }
       console.log(JSON.stringify({ text, attached }));`,
      ["unshare", "--mount"],
    );
    assert.deepEqual(result, { text: "from squashfs", attached: false });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, missing ?? lacksProgram("mksquashfs", "unshare"));

rootTest("attachLoop() throws ENOENT with the path when the file is not there", () => {
  assert.throws(() => attachLoop("/nowhere"), { code: "ENOENT", subject: "/nowhere" });
});
