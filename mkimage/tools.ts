/** The host programs that a build needs, each with the Debian package that brings it. */
export const TOOLS = {
  "apt-get": "apt",
  "apt-cache": "apt",
  "dpkg-deb": "dpkg",
  mksquashfs: "squashfs-tools",
  unsquashfs: "squashfs-tools",
  zstd: "zstd",
  xz: "xz-utils",
  tar: "tar",
  gzip: "gzip",
  npm: "npm",
  "docker-registry": "docker-registry",
  gcc: "gcc libc6-dev",
  "pkg-config": "pkg-config libseccomp-dev",
  unshare: "util-linux",
  chroot: "coreutils",
  "mkfs.vfat": "dosfstools",
  mcopy: "mtools",
  "qemu-img": "qemu-utils",
  python3: "python3 python3-pip",
} as const;

/** A host program by name. */
export type Tool = keyof typeof TOOLS;

/**
 * Checks that every program is on this host.
 * @throws {Error} one sentence that names all missing programs and the packages to install.
 */
export async function requireTools(
  tools: readonly Tool[],
  installed: (program: string) => Promise<boolean> = isOnPath,
): Promise<void> {
  const missing: Tool[] = [];
  for (const tool of tools) if (!await installed(tool)) missing.push(tool);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((tool) => TOOLS[tool]))].join(" ");
  throw new Error(
    `Cannot build the image: ${missing.join(", ")} not found; run: apt-get install -y ${packages}`,
  );
}

/** Whether `program` lies in a directory of PATH; Debian's sbin directories count for everyone. */
export async function isOnPath(program: string): Promise<boolean> {
  const path = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`;
  for (const directory of path.split(":")) {
    try {
      if ((await Deno.stat(`${directory}/${program}`)).isFile) return true;
    } catch {
      // Not in this directory: the next one may have it.
    }
  }
  return false;
}
