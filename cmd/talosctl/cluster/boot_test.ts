import assert from "node:assert/strict";
import { type BootFlags, chooseBoot } from "./boot.ts";

const FLAGS: BootFlags = {
  arch: "amd64",
  vmlinuzPath: "vmlinuz",
  initrdPath: "initramfs",
  isoPath: "",
  diskImagePath: "",
  pxe: "",
  withUefi: undefined,
  withBootloader: undefined,
  skipInjectingConfig: false,
  withApplyConfig: false,
};

for (
  const [name, flags, source, uefi, bootloader] of [
    ["a kernel with a BIOS", {}, "kernel", false, false],
    ["a kernel with UEFI, when asked", { withUefi: true }, "kernel", true, false],
    ["a CD that installs", { isoPath: "x" }, "iso", true, true],
    ["a CD that runs from memory", { isoPath: "x", withBootloader: false }, "iso", true, false],
    ["a disk image", { diskImagePath: "x" }, "disk", true, true],
    ["iPXE that installs", { pxe: "x" }, "pxe", true, true],
    ["iPXE with a BIOS, which cannot install", { pxe: "x", withUefi: false }, "pxe", false, false],
  ] as const
) {
  Deno.test(`chooseBoot() has machines start from ${name}`, () => {
    const boot = chooseBoot({ ...FLAGS, ...flags });
    assert.deepEqual([boot.source.kind, boot.uefi, boot.bootloader], [source, uefi, bootloader]);
  });
}

for (
  const [flags, message] of [
    [
      { isoPath: "x", pxe: "y" },
      "machines start from one thing: set only one of --iso-path and --pxe",
    ],
    [
      { arch: "arm64", isoPath: "x" },
      '--iso-path is for machines of amd64, --arch is "arm64"',
    ],
    [
      { arch: "arm64", withUefi: true },
      '--with-uefi is for machines of amd64, --arch is "arm64"',
    ],
    [
      { isoPath: "x", withUefi: false },
      "--iso-path is booted by UEFI alone: leave out --with-uefi=false",
    ],
    [
      { withBootloader: true },
      "--with-bootloader is for machines that boot by themselves, QEMU starts the kernel of " +
      "--vmlinuz-path each time: set --iso-path, --disk-image-path or --pxe",
    ],
    [
      { pxe: "x", withUefi: false, withBootloader: true },
      "--with-bootloader needs UEFI: leave out --with-uefi=false",
    ],
    [
      { diskImagePath: "x", withBootloader: false },
      "--disk-image-path is a disk with a boot loader: leave out --with-bootloader=false",
    ],
  ] as const
) {
  Deno.test(`chooseBoot() refuses ${JSON.stringify(flags)}`, () => {
    assert.throws(() => chooseBoot({ ...FLAGS, ...flags }), { name: "UsageError", message });
  });
}

for (
  const [name, flags, handOver] of [
    ["serves a kernel's machine its configuration", {}, "served"],
    ["applies it to what starts by itself", { pxe: "x" }, "applied"],
    ["leaves it to the user", { skipInjectingConfig: true }, "left"],
    ["leaves that of a CD to the user", { isoPath: "x", skipInjectingConfig: true }, "left"],
    ["applies it when asked", { skipInjectingConfig: true, withApplyConfig: true }, "applied"],
  ] as const
) {
  Deno.test(`chooseBoot() ${name}`, () => {
    assert.equal(chooseBoot({ ...FLAGS, ...flags }).handOver, handOver);
  });
}
