import { CP, IPTABLES, MOUNT, NFT, NODE_PROGRAMS, packagesOf, UMOUNT } from "./debian_programs.ts";

/** Kernel flavours: `metal` drives real machines, `cloud` is small and knows virtual hardware only. */
export type Flavor = "metal" | "cloud";

/** The metapackage of each kernel flavour; it names the kernel package of the day. */
export const KERNEL_METAPACKAGES: Readonly<Record<Flavor, string>> = {
  metal: "linux-image-amd64",
  cloud: "linux-image-cloud-amd64",
};

/** Debian packages whose files, or licences, are in every image. */
export const BASE_PACKAGES: readonly string[] = [
  ...["libc6", "libgcc-s1", "gcc-12-base", "ca-certificates"],
  ...packagesOf(NODE_PROGRAMS),
];

/** Debian packages whose programs are in images of containers. */
export const CONTAINER_PACKAGES: readonly string[] = [
  ...["libc6", "ca-certificates"],
  ...packagesOf([MOUNT, UMOUNT, CP, NFT, IPTABLES]),
];

/** Debian packages whose programs are on disks: what firmware starts. */
export const BOOT_PACKAGES: readonly string[] = ["systemd-boot-efi"];

/** The Debian release that packages come from. */
export const SUITE = "bookworm";

/** The version of the Deno runtime in every image and portable file. */
export const DENO_VERSION = "2.9.6";

/** The npm package of the runtime on a node. */
export const NODE_RUNTIME = "@deno/linux-x64-glibc";

/** A platform that talosctl is built for, with the npm package of its runtime. */
export interface Target {
  readonly os: "linux" | "darwin" | "windows";
  readonly arch: "amd64" | "arm64";
  readonly package: string;
  readonly version: string;
}

/** The newest runtime that npm has for platforms other than the node's. */
const FOREIGN_VERSION = "2.9.5";

/** Platforms of talosctl, the build's own first. */
export const TARGETS: readonly Target[] = [
  { os: "linux", arch: "amd64", package: NODE_RUNTIME, version: DENO_VERSION },
  { os: "linux", arch: "arm64", package: "@deno/linux-arm64-glibc", version: FOREIGN_VERSION },
  { os: "darwin", arch: "amd64", package: "@deno/darwin-x64", version: FOREIGN_VERSION },
  { os: "darwin", arch: "arm64", package: "@deno/darwin-arm64", version: FOREIGN_VERSION },
  { os: "windows", arch: "amd64", package: "@deno/win32-x64", version: FOREIGN_VERSION },
];

/**
 * An older pair of runtime and `denort` that both can be had: the wheel's executable was made by
 * `deno compile` of that version and starts with the whole of its `denort`.
 */
export const COMPILE_PAIR = {
  wheel: "bids_validator_deno",
  wheelVersion: "2.4.0",
  runtime: NODE_RUNTIME,
  runtimeVersion: "2.6.8",
  denortBytes: 91_557_152,
  denortSha256: "23bd19ba48c11df327fca649a81c9d44f0111d9951c1e93ef05bacc219e7ecc3",
} as const;
