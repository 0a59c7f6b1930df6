import assert from "node:assert/strict";
import { BLKPG, resizePartition } from "./partition.ts";
import { lacksPath, lacksProgram, layoutTest, output, rootTest } from "./testing.ts";

layoutTest("partition.ts BLKPG", ["linux/fs.h", "linux/blkpg.h"], {
  "BLKPG": BLKPG.request,
  "BLKPG_RESIZE_PARTITION": BLKPG.RESIZE,
  "sizeof(struct blkpg_ioctl_arg)": BLKPG.argumentSize,
  "offsetof(struct blkpg_ioctl_arg, op)": BLKPG.operation,
  "offsetof(struct blkpg_ioctl_arg, datalen)": BLKPG.dataLength,
  "offsetof(struct blkpg_ioctl_arg, data)": BLKPG.data,
  "sizeof(struct blkpg_partition)": BLKPG.partitionSize,
  "offsetof(struct blkpg_partition, start)": BLKPG.start,
  "offsetof(struct blkpg_partition, length)": BLKPG.length,
  "offsetof(struct blkpg_partition, pno)": BLKPG.number,
});

rootTest("resizePartition() tells the kernel the new size", async () => {
  const file = await Deno.makeTempFile({ prefix: "partition-" });
  await Deno.truncate(file, 32 << 20);
  const disk = (await output("losetup", ["-P", "-f", "--show", file])).trim();
  try {
    // Not every kernel of a test host reads tables.
    await output("addpart", [disk, "1", "2048", "2048"]);
    const name = disk.slice("/dev/".length);
    const size = () => Deno.readTextFileSync(`/sys/block/${name}/${name}p1/size`).trim();
    assert.equal(size(), "2048");
    resizePartition(disk, { number: 1, startBytes: 1 << 20, lengthBytes: 8 << 20 });
    assert.equal(size(), String((8 << 20) / 512));
    assert.throws(
      () => resizePartition(disk, { number: 2, startBytes: 1 << 20, lengthBytes: 8 << 20 }),
      { code: "ENXIO", subject: disk },
    );
  } finally {
    await output("losetup", ["-d", disk]);
    await Deno.remove(file);
  }
}, lacksPath("/dev/loop-control") ?? lacksProgram("losetup", "addpart"));
