import assert from "node:assert/strict";
import { join } from "node:path";
import { lacksProgram, testUnless } from "$ffi/testing.ts";
import { copyDisk, diskImage, readDiskImage } from "./disks.ts";

const MIB = 2 ** 20;

Deno.test("diskImage() tells raw from qcow2, and refuses what is compressed", () => {
  const raw = new Uint8Array(32);
  assert.deepEqual(diskImage(raw, 5 * MIB), { format: "raw", sizeBytes: 5 * MIB });
  const qcow2 = new Uint8Array(32);
  qcow2.set([0x51, 0x46, 0x49, 0xfb]);
  new DataView(qcow2.buffer).setBigUint64(24, BigInt(7 * MIB));
  assert.deepEqual(diskImage(qcow2, MIB), { format: "qcow2", sizeBytes: 7 * MIB });
  const xz = new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]);
  assert.throws(() => diskImage(xz, MIB), /it is compressed: unpack it with "xz/);
});

testUnless(
  lacksProgram("qemu-img"),
  "copyDisk() makes a larger disk of either format, for its owner alone, without its holes",
  async () => {
    const directory = await Deno.makeTempDir({ prefix: "disks-test-" });
    try {
      const [raw, qcow2] = [join(directory, "a.raw"), join(directory, "a.qcow2")];
      const content = crypto.getRandomValues(new Uint8Array(4096));
      await Deno.writeFile(raw, content);
      await Deno.truncate(raw, 8 * MIB);
      const args = ["convert", "-f", "raw", "-O", "qcow2", raw, qcow2];
      assert.equal((await new Deno.Command("qemu-img", { args }).output()).code, 0);
      assert.deepEqual(await readDiskImage(Deno, qcow2), { format: "qcow2", sizeBytes: 8 * MIB });
      for (const image of [raw, qcow2]) {
        const path = `${image}.disk`;
        await copyDisk(Deno, image, { path, bytes: 16 * MIB });
        const { size, blocks, mode } = await Deno.stat(path);
        assert.equal(size, 16 * MIB);
        assert.ok((blocks ?? Infinity) * 512 < MIB, `${blocks} blocks`);
        assert.equal((mode ?? 0) & 0o777, 0o600);
        assert.deepEqual((await Deno.readFile(path)).subarray(0, 4096), content);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);
