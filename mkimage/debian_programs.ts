import { basename, dirname, join } from "node:path";
import type { Input } from "./input.ts";
import type { Tree } from "./tree.ts";

/** A program out of a Debian package, with the libraries it loads beside the C library. */
export interface DebianProgram {
  readonly package: string;
  readonly path: string;
  /** Packages with the names that the loader asks for. */
  readonly libraries: readonly (readonly [string, string])[];
  /** Other names of the program, beside it. */
  readonly names?: readonly string[];
}

/** Makes the file system of /var. */
export const MKFS_XFS: DebianProgram = {
  package: "xfsprogs",
  path: "/usr/sbin/mkfs.xfs",
  libraries: [
    ["libblkid1", "libblkid.so.1"],
    ["libinih1", "libinih.so.1"],
    ["liburcu8", "liburcu.so.8"],
    ["libuuid1", "libuuid.so.1"],
  ],
};

/** Makes the file system that firmware reads, when a node installs itself. */
export const MKFS_FAT: DebianProgram = {
  ...{ package: "dosfstools", path: "/usr/sbin/mkfs.fat", libraries: [] },
};

/** Packet filter rules: what CNI plugins and kube-proxy speak to the kernel with. */
export const NFT: DebianProgram = {
  package: "nftables",
  path: "/usr/sbin/nft",
  libraries: [
    ["libnftables1", "libnftables.so.1"],
    ["libedit2", "libedit.so.2"],
    ["libbsd0", "libbsd.so.0"],
    ["libmd0", "libmd.so.0"],
    ["libgmp10", "libgmp.so.10"],
    ["libjansson4", "libjansson.so.4"],
    ["libmnl0", "libmnl.so.0"],
    ["libnftnl11", "libnftnl.so.11"],
    ["libtinfo6", "libtinfo.so.6"],
    ["libxtables12", "libxtables.so.12"],
  ],
};

/** What flannel removes rules of its former self with. */
export const IPTABLES: DebianProgram = {
  package: "iptables",
  path: "/usr/sbin/xtables-nft-multi",
  names: ["iptables", "ip6tables"],
  libraries: [
    ["libmnl0", "libmnl.so.0"],
    ["libnftnl11", "libnftnl.so.11"],
    ["libxtables12", "libxtables.so.12"],
  ],
};

/** What every program of util-linux and coreutils here asks about labels. */
const SELINUX = [["libselinux1", "libselinux.so.1"], ["libpcre2-8-0", "libpcre2-8.so.0"]] as const;
const MOUNT_LIBRARIES = [
  ["libmount1", "libmount.so.1"],
  ["libblkid1", "libblkid.so.1"],
  ...SELINUX,
] as const;

/** How the kubelet mounts volumes, and unmounts them. */
export const MOUNT: DebianProgram = {
  ...{ package: "mount", path: "/usr/bin/mount", libraries: MOUNT_LIBRARIES },
};
export const UMOUNT: DebianProgram = { ...MOUNT, path: "/usr/bin/umount" };

/** What installers of networks put their files on the node with. */
export const CP: DebianProgram = {
  package: "coreutils",
  path: "/usr/bin/cp",
  libraries: [["libacl1", "libacl.so.1"], ["libattr1", "libattr.so.1"], ...SELINUX],
};

/** The loader and the C library: what the programs here need in an image without anything else. */
export const C_LIBRARY = [["libc6", "libc.so.6"], ["libc6", "libm.so.6"]] as const;

/** Programs of the root filesystem that come from Debian. */
export const NODE_PROGRAMS: readonly DebianProgram[] = [MKFS_XFS, MKFS_FAT, NFT];

/** Every package that programs are taken from. */
export function packagesOf(programs: readonly DebianProgram[]): string[] {
  const names = programs.flatMap((
    { package: own, libraries },
  ) => [own, ...libraries.map(([name]) => name)]);
  return [...new Set(names)];
}

/** Finds an unpacked package. */
export type Find = (name: string) => Pick<Input, "directory">;

/** Puts programs and their libraries into a tree. */
export async function layOutPrograms(
  tree: Tree,
  programs: readonly DebianProgram[],
  find: Find,
): Promise<void> {
  for (const { package: name, path, libraries, names = [] } of programs) {
    await tree.copy(await fileOf(find(name).directory, path), path, 0o755);
    for (const other of names) await tree.symlink(join(dirname(path), other), basename(path));
    await layOutLibraries(tree, libraries, find);
  }
}

/** Puts libraries into a tree, under the names that the loader asks for. */
export async function layOutLibraries(
  tree: Tree,
  libraries: DebianProgram["libraries"],
  find: Find,
): Promise<void> {
  for (const [name, library] of libraries) {
    const path = `/usr/lib/x86_64-linux-gnu/${library}`;
    await tree.copy(await fileOf(find(name).directory, path), path);
  }
}

/** Puts the loader of programs into a tree, where every program says it is. */
export async function layOutLoader(tree: Tree, find: Find): Promise<void> {
  const path = "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";
  const from = await fileOf(find("libc6").directory, path);
  await tree.copy(from, "/usr/lib64/ld-linux-x86-64.so.2", 0o755);
}

/** A file of a package: this Debian still has some of them outside /usr. */
async function fileOf(directory: string, path: string): Promise<string> {
  const below = join(directory, path);
  const found = await Deno.stat(below).then(() => true, () => false);
  return found ? below : join(directory, path.replace(/^\/usr/, ""));
}
