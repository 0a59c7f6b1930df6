import assert from "node:assert/strict";
import { decodeUevent } from "./mod.ts";
import { mutants, refusals } from "./_testing.ts";

/** What Linux 6.18 told of a loop device that got a file. */
const EVENT = new TextEncoder().encode([
  "change@/devices/virtual/block/loop0",
  "ACTION=change",
  "DEVPATH=/devices/virtual/block/loop0",
  "SUBSYSTEM=block",
  "MAJOR=7",
  "MINOR=0",
  "DEVNAME=loop0",
  "DEVTYPE=disk",
  "DISKSEQ=12",
  "SEQNUM=4711",
  "",
].join("\0"));

Deno.test("decodeUevent() reads action, device and subsystem", () => {
  assert.deepEqual(decodeUevent(EVENT), {
    action: "change",
    devpath: "/devices/virtual/block/loop0",
    subsystem: "block",
  });
});

Deno.test("decodeUevent() refuses what udev tells its own listeners, and takes any bytes", () => {
  assert.throws(() => decodeUevent(new TextEncoder().encode("libudev\0\xfe\xed")), SyntaxError);
  assert.ok(refusals(decodeUevent, mutants([EVENT], 3_000, 13)) > 0);
});
