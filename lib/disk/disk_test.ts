import assert from "node:assert/strict";
import { isBlank, xfsLabel } from "./probe.ts";
import { type BlockDevice, chooseVolume } from "./volume.ts";

const GIB = 1 << 30;

function device(name: string, more: Partial<BlockDevice> = {}): BlockDevice {
  return { name, readOnly: false, sizeBytes: GIB, blank: false, ...more };
}

Deno.test("isBlank() sees one byte", () => {
  const bytes = new Uint8Array(10_000);
  assert.equal(isBlank(bytes), true);
  for (const at of [0, 5, 4_000, 9_999]) {
    bytes[at] = 1;
    for (const from of [0, 1, 5]) {
      assert.equal(isBlank(bytes.subarray(from)), at < from, `byte ${at}, looked at from ${from}`);
    }
    bytes[at] = 0;
  }
  assert.equal(isBlank(new Uint8Array(3)), true);
});

Deno.test("xfsLabel() reads the superblock", () => {
  const block = new Uint8Array(512);
  assert.equal(xfsLabel(block), undefined);
  block.set(new TextEncoder().encode("XFSB"));
  assert.equal(xfsLabel(block), "");
  block.set(new TextEncoder().encode("EPHEMERAL"), 108);
  assert.equal(xfsLabel(block), "EPHEMERAL");
  assert.equal(xfsLabel(new Uint8Array(3)), undefined);
});

const CASES: readonly {
  readonly name: string;
  readonly devices: readonly BlockDevice[];
  readonly want: string | undefined;
}[] = [
  {
    name: "takes the filesystem that has the label before any blank disk",
    devices: [device("vda", { blank: true }), device("sdb1", { xfsLabel: "EPHEMERAL" })],
    want: "sdb1 as it is",
  },
  {
    name: "formats a blank partition that has the label before a blank disk",
    devices: [
      device("vda", { blank: true }),
      device("vdb2", { blank: true, volumeName: "EPHEMERAL" }),
    ],
    want: "vdb2 formatted",
  },
  {
    name: "formats the first blank virtual disk",
    devices: [device("vdaa", { blank: true }), device("vdb", { blank: true }), device("vda")],
    want: "vdb formatted",
  },
  {
    name: "leaves alone what holds anything, whatever it is called",
    devices: [
      device("vda"),
      device("vdb", { xfsLabel: "DATA" }),
      device("vdc1", { volumeName: "EPHEMERAL" }),
    ],
    want: undefined,
  },
  {
    name: "leaves alone blank disks that are not virtual, partitions of other names",
    devices: [device("sda", { blank: true }), device("vda1", { blank: true, volumeName: "X" })],
    want: undefined,
  },
  {
    name: "takes a filesystem without the label on what is meant for the volume",
    devices: [
      device("vda", { blank: true }),
      device("vdb2", { volumeName: "EPHEMERAL", xfsLabel: "" }),
    ],
    want: "vdb2 as it is",
  },
  {
    name: "formats anew where that was begun, before it takes a blank one",
    devices: [
      device("vda", { blank: true }),
      device("vdb", {
        ...{ xfsLabel: "EPHEMERAL", volumeName: "EPHEMERAL" },
        unfinished: { work: "format", label: "EPHEMERAL" },
      }),
    ],
    want: "vdb formatted",
  },
  {
    name: "takes a whole filesystem before half of one",
    devices: [
      device("vda", { unfinished: { work: "format", label: "EPHEMERAL" } }),
      device("vdb", { xfsLabel: "EPHEMERAL" }),
    ],
    want: "vdb as it is",
  },
  {
    name: "leaves alone what is half of another volume, or still to be wiped",
    devices: [
      device("vda", { unfinished: { work: "format", label: "STATE" } }),
      device("vdb", { volumeName: "EPHEMERAL", unfinished: { work: "wipe" } }),
    ],
    want: undefined,
  },
  {
    name: "leaves a blank disk to the volume that it is meant for",
    devices: [device("vda", { blank: true, volumeName: "STATE" }), device("vdb", { blank: true })],
    want: "vdb formatted",
  },
  {
    name: "leaves alone what is read-only or too small",
    devices: [
      device("vda", { blank: true, readOnly: true }),
      device("vdb", { blank: true, sizeBytes: 1 << 20 }),
    ],
    want: undefined,
  },
];
for (const { name, devices, want } of CASES) {
  Deno.test(`chooseVolume() ${name}`, () => {
    const volume = chooseVolume("EPHEMERAL", devices, { anyBlankDisk: true });
    const got = volume && `${volume.device.name} ${volume.format ? "formatted" : "as it is"}`;
    assert.equal(got, want);
  });
}

Deno.test("chooseVolume() formats a disk that is not meant for the volume only when any will do", () => {
  const disk = device("vda", { blank: true });
  assert.equal(chooseVolume("STATE", [disk]), undefined);
  const meant = { ...disk, volumeName: "STATE" };
  assert.deepEqual(chooseVolume("STATE", [disk, meant]), { device: meant, format: true });
});
