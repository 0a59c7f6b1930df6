import { join } from "node:path";
import type { DebianArchive } from "./debian.ts";
import type { Archive } from "./fetch.ts";
import { hashFile } from "./hash.ts";
import type { Lock, Locked } from "./lock.ts";
import {
  BASE_PACKAGES,
  BOOT_PACKAGES,
  COMPILE_PAIR,
  CONTAINER_PACKAGES,
  KERNEL_METAPACKAGES,
  TARGETS,
} from "./packages.ts";

/** The archives that a lock is resolved against. */
export interface Archives {
  readonly debian: Pick<DebianArchive, "refresh" | "newest">;
  readonly npm: Archive;
  readonly pypi: Archive;
}

/** A lock of the newest Debian packages and of the pinned versions of everything else. */
export async function resolveLock(
  archives: Archives,
  say: (line: string) => void,
): Promise<Lock> {
  await archives.debian.refresh();
  const kernels = {
    metal: await kernelPackage(archives, KERNEL_METAPACKAGES.metal),
    cloud: await kernelPackage(archives, KERNEL_METAPACKAGES.cloud),
  };
  const debian: Record<string, Locked> = {};
  const names = [
    ...BASE_PACKAGES,
    ...CONTAINER_PACKAGES,
    ...BOOT_PACKAGES,
    kernels.metal,
    kernels.cloud,
  ];
  for (const name of new Set(names)) {
    const { version, sha256 } = await archives.debian.newest(name);
    debian[name] = { version, sha256 };
    say(`debian ${name} ${version}`);
  }
  const npm: Record<string, Locked> = {};
  for (const target of TARGETS) {
    npm[target.package] = await pinned(archives.npm, target.package, target.version);
    say(`npm ${target.package} ${target.version}`);
  }
  const { wheel, wheelVersion, runtime, runtimeVersion } = COMPILE_PAIR;
  npm[`${runtime}@${runtimeVersion}`] = await pinned(archives.npm, runtime, runtimeVersion);
  const pypi = { [wheel]: await pinned(archives.pypi, wheel, wheelVersion) };
  return { kernels, debian, npm, pypi };
}

async function kernelPackage(archives: Archives, metapackage: string): Promise<string> {
  const { depends } = await archives.debian.newest(metapackage);
  const kernel = depends.find((name) => /^linux-image-\d/.test(name));
  if (!kernel) throw new Error(`Cannot resolve ${metapackage}: it names no kernel package`);
  return kernel;
}

async function pinned(archive: Archive, name: string, version: string): Promise<Locked> {
  const directory = await Deno.makeTempDir({ prefix: "mkimage-resolve-" });
  try {
    const file = await archive.download(name, version, directory);
    const { sha256 } = await hashFile(join(directory, file));
    return { version, sha256 };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
