import assert from "node:assert/strict";
import { parseUserDisk, userDiskBytes, userDisksConfig } from "./user_disks.ts";

const MIB = 2 ** 20;

Deno.test("parseUserDisk() reads mount points and sizes, rounded up to whole MiB", () => {
  assert.deepEqual(parseUserDisk("/var/mnt/a:100MB:/var/mnt/b:1GiB"), {
    partitions: [
      { mountpoint: "/var/mnt/a", size: 96 * MIB },
      { mountpoint: "/var/mnt/b", size: 1024 * MIB },
    ],
  });
});

Deno.test("parseUserDisk() says what is wrong, and what to write", () => {
  for (
    const [text, reason] of [
      ["/var/mnt/a", /write "<mount point>:<size>"/],
      ["/var/mnt/a:1GB:/var/mnt/b", /write "<mount point>:<size>"/],
      ["/data:1GB", /"\/data" is no directory under \/var/],
      ["/var/mnt/a:big", /"big" is no size/],
      ["/var/mnt/a:10MB", /"10MB" is too small, XFS needs 64 MiB/],
    ] as const
  ) assert.throws(() => parseUserDisk(text), reason);
});

Deno.test("userDiskBytes() leaves room for the partition table at both ends", () => {
  assert.equal(userDiskBytes(parseUserDisk("/var/mnt/a:64MiB:/var/mnt/b:64MiB")), 130 * MIB);
});

Deno.test("userDisksConfig() names the disks that follow the machine's own", () => {
  const disks = ["/var/mnt/a:64MiB", "/var/mnt/b:1GiB"].map(parseUserDisk);
  assert.deepEqual(userDisksConfig(disks, 2), {
    disks: [
      { device: "/dev/vdc", partitions: [{ mountpoint: "/var/mnt/a", size: 64 * MIB }] },
      { device: "/dev/vdd", partitions: [{ mountpoint: "/var/mnt/b", size: 1024 * MIB }] },
    ],
  });
  assert.deepEqual(userDisksConfig([], 2), {});
});
