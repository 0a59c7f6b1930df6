/** What the machines of a local cluster are started from. */
import { UsageError } from "$lib/cli/mod.ts";
import type { Arch } from "./qemu.ts";

/** A kernel that QEMU hands over, or what `mkimage` makes for machines that boot by themselves. */
export type BootSource =
  | { readonly kind: "kernel"; readonly kernel: string; readonly initrd: string }
  | { readonly kind: "iso" | "disk"; readonly path: string }
  | { readonly kind: "pxe"; readonly directory: string };

/**
 * How machines come by their configurations: from a URL of the kernel's command line, over their API in
 * maintenance mode, or likewise but by the user.
 */
export type HandOver = "served" | "applied" | "left";

/** How machines start. */
export interface Boot {
  readonly source: BootSource;
  readonly handOver: HandOver;
  /** With UEFI, otherwise with a BIOS. */
  readonly uefi: boolean;
  /** They come to run from their own disk: its boot loader starts them from then on. */
  readonly bootloader: boolean;
}

/** The flags that say it, as they are written; empty and undefined where they are not. */
export interface BootFlags {
  readonly arch: Arch;
  readonly vmlinuzPath: string;
  readonly initrdPath: string;
  readonly isoPath: string;
  readonly diskImagePath: string;
  readonly pxe: string;
  readonly withUefi: boolean | undefined;
  readonly withBootloader: boolean | undefined;
  readonly skipInjectingConfig: boolean;
  readonly withApplyConfig: boolean;
}

/** The flag that names a source. */
export const SOURCE_FLAG = {
  kernel: "--vmlinuz-path",
  iso: "--iso-path",
  disk: "--disk-image-path",
  pxe: "--pxe",
} as const satisfies Record<BootSource["kind"], string>;

/** Whether STATE has a disk of its own: a machine that has a boot loader has it on the disk of that. */
export function hasStateDisk({ bootloader }: Boot): boolean {
  return !bootloader;
}

/** How these flags have machines start. @throws {UsageError} where they contradict each other */
export function chooseBoot(flags: BootFlags): Boot {
  const { arch, withUefi, withBootloader } = flags;
  const source = sourceOf(flags);
  const flag = SOURCE_FLAG[source.kind];
  const ofAsset = source.kind !== "kernel";
  const uefi = withUefi ?? ofAsset;
  if (arch !== "amd64" && (ofAsset || uefi)) {
    throw new UsageError(
      `${ofAsset ? flag : "--with-uefi"} is for machines of amd64, --arch is "${arch}"`,
    );
  }
  if (!uefi && (source.kind === "iso" || source.kind === "disk")) {
    throw new UsageError(`${flag} is booted by UEFI alone: leave out --with-uefi=false`);
  }
  const bootloader = withBootloader ?? (ofAsset && uefi);
  if (bootloader && !ofAsset) {
    throw new UsageError(
      "--with-bootloader is for machines that boot by themselves, QEMU starts the kernel of " +
        `${flag} each time: set --iso-path, --disk-image-path or --pxe`,
    );
  }
  if (bootloader && !uefi) {
    throw new UsageError("--with-bootloader needs UEFI: leave out --with-uefi=false");
  }
  if (!bootloader && source.kind === "disk") {
    throw new UsageError(
      "--disk-image-path is a disk with a boot loader: leave out --with-bootloader=false",
    );
  }
  return { source, handOver: handOver(flags, ofAsset), uefi, bootloader };
}

/** What mkimage makes names no configuration: a machine started from it has to be given one. */
function handOver(
  { withApplyConfig, skipInjectingConfig }: BootFlags,
  ofAsset: boolean,
): HandOver {
  if (withApplyConfig) return "applied";
  if (skipInjectingConfig) return "left";
  return ofAsset ? "applied" : "served";
}

function sourceOf(flags: BootFlags): BootSource {
  const { isoPath, diskImagePath, pxe } = flags;
  const assets: readonly BootSource[] = [
    ...isoPath === "" ? [] : [{ kind: "iso", path: isoPath } as const],
    ...diskImagePath === "" ? [] : [{ kind: "disk", path: diskImagePath } as const],
    ...pxe === "" ? [] : [{ kind: "pxe", directory: pxe } as const],
  ];
  if (assets.length > 1) {
    const given = assets.map(({ kind }) => SOURCE_FLAG[kind]).join(" and ");
    throw new UsageError(`machines start from one thing: set only one of ${given}`);
  }
  return assets[0] ?? { kind: "kernel", kernel: flags.vmlinuzPath, initrd: flags.initrdPath };
}
