import assert from "node:assert/strict";
import { DM, DM_REQUESTS, DmDevice, dmRequest, dmTargets } from "./device_mapper.ts";
import { layoutTest, rootTest, testUnless } from "./testing.ts";
import { lacksDeviceMapper } from "./testing.ts";

layoutTest("device_mapper.ts DM", ["sys/ioctl.h", "linux/dm-ioctl.h"], {
  "sizeof(struct dm_ioctl)": DM.headerSize,
  "offsetof(struct dm_ioctl, version)": DM.version,
  "offsetof(struct dm_ioctl, data_size)": DM.dataSize,
  "offsetof(struct dm_ioctl, data_start)": DM.dataStart,
  "offsetof(struct dm_ioctl, target_count)": DM.targetCount,
  "offsetof(struct dm_ioctl, open_count)": DM.openCount,
  "offsetof(struct dm_ioctl, flags)": DM.flags,
  "offsetof(struct dm_ioctl, dev)": DM.dev,
  "offsetof(struct dm_ioctl, name)": DM.name,
  "DM_NAME_LEN": DM.nameSize,
  "sizeof(struct dm_target_spec)": DM.targetSize,
  "offsetof(struct dm_target_spec, sector_start)": DM.targetStart,
  "offsetof(struct dm_target_spec, length)": DM.targetLength,
  "offsetof(struct dm_target_spec, status)": DM.targetStatus,
  "offsetof(struct dm_target_spec, next)": DM.targetNext,
  "offsetof(struct dm_target_spec, target_type)": DM.targetType,
  "DM_MAX_TYPE_NAME": DM.targetTypeSize,
  "DM_READONLY_FLAG": DM.READONLY,
  "DM_SUSPEND_FLAG": DM.SUSPEND,
  "DM_STATUS_TABLE_FLAG": DM.STATUS_TABLE,
  ...DM_REQUESTS,
});

const TARGETS = [
  { start: 0n, length: 8n, type: "zero", params: "" },
  { start: 8n, length: 16n, type: "linear", params: "/dev/loop0 2048" },
];

Deno.test("dmRequest() lays targets out at multiples of 8 with their size as next", () => {
  const view = new DataView(dmRequest("root", { flags: DM.READONLY, targets: TARGETS }).buffer);
  assert.equal(view.getUint32(DM.dataSize, true), view.byteLength);
  assert.equal(view.getUint32(DM.targetCount, true), 2);
  assert.equal(view.getUint32(DM.headerSize + DM.targetNext, true), 48);
  assert.equal(view.getUint32(DM.headerSize + 48 + DM.targetNext, true), 56);
});

Deno.test("dmTargets() reads an answer, where next counts from the start of the data", () => {
  const bytes = dmRequest("root", { targets: TARGETS });
  const view = new DataView(bytes.buffer);
  view.setUint32(DM.headerSize + 48 + DM.targetNext, 48 + 56, true);
  assert.deepEqual(dmTargets(view), TARGETS);
});

Deno.test("dmRequest() refuses a name that does not fit", () => {
  assert.throws(() => dmRequest("x".repeat(128)), RangeError);
});

rootTest("DmDevice lives from create() to remove()", () => {
  const name = `test-${Deno.pid}`;
  const device = DmDevice.create(name);
  try {
    device.load([{ start: 0n, length: 8n, type: "zero", params: "" }]);
    device.resume();
    assert.equal(device.info().suspended, false);
    assert.equal(device.table()[0]?.type, "zero");
    device.suspend();
    assert.equal(DmDevice.named(name).info().suspended, true);
    device.resume();
  } finally {
    device.remove();
  }
  assert.throws(() => device.info(), { code: "ENXIO" });
}, lacksDeviceMapper());

testUnless(
  !lacksDeviceMapper() && "this kernel has device mapper",
  "DmDevice.create() names the control node when the kernel has no device mapper",
  () => {
    assert.throws(() => DmDevice.create("x"), { subject: "/dev/mapper/control" });
  },
);
