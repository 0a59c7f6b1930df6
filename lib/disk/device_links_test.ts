import assert from "node:assert/strict";
import { ataIdentity, deviceLinks, encodeName, filesystemId, idName, pathIds } from "./mod.ts";

Deno.test("deviceLinks() names a partition after its disk, its table and its filesystem", () => {
  const facts = {
    name: "vda1",
    partition: 1,
    ids: ["virtio-STATE"],
    paths: ["pci-0000:00:02.0"],
    sequence: "9",
    filesystem: { type: "xfs", uuid: "u-1", label: "a b/c" },
    partitionId: "p-1",
    partitionName: "EFI system",
  } as const;
  assert.deepEqual(deviceLinks(facts), [
    "disk/by-id/virtio-STATE-part1",
    "disk/by-path/pci-0000:00:02.0-part1",
    "disk/by-uuid/u-1",
    "disk/by-label/a\\x20b\\x2fc",
    "disk/by-partuuid/p-1",
    "disk/by-partlabel/EFI\\x20system",
  ]);
  assert.deepEqual(deviceLinks({ name: "vda", ids: [], paths: [], sequence: "9" }), [
    "disk/by-diskseq/9",
  ]);
});

Deno.test("encodeName() and idName() let nothing out of a directory", () => {
  assert.equal(encodeName("../x"), "..\\x2fx");
  assert.equal(encodeName("für"), "für");
  assert.equal(idName("  QEMU  HARDDISK_QM/0 "), "QEMU_HARDDISK_QM_0");
});

Deno.test("pathIds() reads where a disk is plugged in", () => {
  const pci = "/sys/devices/pci0000:00";
  const cases: readonly [string, Parameters<typeof pathIds>[1], string[]][] = [
    [`${pci}/0000:00:02.0/virtio0/block/vda`, {}, ["pci-0000:00:02.0", "virtio-pci-0000:00:02.0"]],
    [`${pci}/0000:00:1c.0/0000:02:00.0/nvme/nvme0/nvme0n1`, { nvmeNamespace: "1" }, [
      "pci-0000:02:00.0-nvme-1",
    ]],
    [`${pci}/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda`, { ataPort: "1" }, [
      "pci-0000:00:1f.2-ata-1.0",
      "pci-0000:00:1f.2-ata-1",
    ]],
    [`${pci}/0000:00:03.0/virtio1/host2/target2:0:1/2:0:1:3/block/sdb`, {}, [
      "pci-0000:00:03.0-scsi-0:0:1:3",
    ]],
    [`${pci}/0000:00:1d.0/usb2/2-1/2-1.4/2-1.4:1.0/host6/target6:0:0/6:0:0:0/block/sdc`, {}, [
      "pci-0000:00:1d.0-usb-0:1.4:1.0-scsi-0:0:0:0",
    ]],
    ["/sys/devices/virtual/block/loop0", {}, []],
  ];
  for (const [path, facts, want] of cases) assert.deepEqual(pathIds(path, facts), want, path);
});

Deno.test("ataIdentity() reads model, serial number and world wide name", () => {
  const page = new Uint8Array(60 + 512);
  const view = new DataView(page.buffer, 60);
  const put = (word: number, text: string) => {
    for (let at = 0; at < text.length; at += 2) {
      view.setUint16(2 * word + at, text.charCodeAt(at) << 8 | text.charCodeAt(at + 1), true);
    }
  };
  put(10, "QM00001             ");
  put(27, "QEMU HARDDISK".padEnd(40));
  const plain = { model: "QEMU HARDDISK", serial: "QM00001" };
  assert.deepEqual(ataIdentity(page), plain);
  view.setUint16(2 * 87, 0x4100, true);
  [0x5001, 0x4ee2, 0x0123, 0x4567].forEach((word, at) =>
    view.setUint16(2 * (108 + at), word, true)
  );
  assert.deepEqual(ataIdentity(page), { ...plain, wwn: "50014ee201234567" });
  assert.equal(ataIdentity(page.subarray(0, 100)), undefined);
});

Deno.test("filesystemId() takes any bytes, and few", () => {
  assert.equal(filesystemId(new Uint8Array()), undefined);
  let state = 5;
  const random = () => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) / 2 ** 32;
  const magics = [[0, "XFSB"], [0x438, "\x53\xef"], [0, "LUKS\xba\xbe"], [
    4086,
    "SWAPSPACE2",
  ]] as const;
  for (let round = 0; round < 400; round++) {
    const bytes = new Uint8Array(Math.floor(random() * 8_000)).map(() => random() * 256);
    const [at, magic] = magics[round % magics.length]!;
    for (let i = 0; i < magic.length; i++) bytes[at + i] = magic.charCodeAt(i);
    const found = filesystemId(bytes);
    assert.ok(!found?.uuid?.includes("/") || found.type === "luks");
  }
});
