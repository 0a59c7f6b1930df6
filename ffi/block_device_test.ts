import assert from "node:assert/strict";
import { BLOCK, isBusy, zeroDevice } from "./block_device.ts";
import { attachLoop } from "./loop.ts";
import { lacksPath, layoutTest, rootTest } from "./testing.ts";

layoutTest("block_device.ts BLOCK", ["linux/fs.h"], {
  "BLKRRPART": BLOCK.RRPART,
  "BLKZEROOUT": BLOCK.ZEROOUT,
});

const SIZE = 1 << 20;

rootTest(
  "zeroDevice() leaves nothing of what was there, and nothing around it is touched",
  async () => {
    const file = await Deno.makeTempFile({ prefix: "block-device-" });
    try {
      await Deno.writeFile(file, new Uint8Array(SIZE).fill(7));
      using loop = attachLoop(file, { autoclear: true });
      assert.equal(isBusy(loop.path), false);
      await zeroDevice(loop.path, { from: 4096, to: SIZE - 4096 });
      const bytes = await Deno.readFile(loop.path);
      assert.ok(bytes.subarray(0, 4096).every((byte) => byte === 7));
      assert.ok(bytes.subarray(4096, SIZE - 4096).every((byte) => byte === 0));
      assert.ok(bytes.subarray(SIZE - 4096).every((byte) => byte === 7));
    } finally {
      await Deno.remove(file);
    }
  },
  lacksPath("/dev/loop-control"),
);

rootTest("isBusy() says which device cannot be looked at", () => {
  assert.throws(() => isBusy("/dev/missing"), { code: "ENOENT", subject: "/dev/missing" });
});
