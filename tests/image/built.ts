import { join } from "node:path";
import { DIST } from "../../mkimage/paths.ts";
import { run } from "../../mkimage/run.ts";
import { isOnPath } from "../../mkimage/tools.ts";

/** Why the tests of a built image are skipped, or nothing when there is one to test. */
export async function noImage(): Promise<string | undefined> {
  const manifest = await Deno.stat(join(DIST, "manifest.json")).catch(() => undefined);
  if (!manifest) return "needs deno task image";
  return await isOnPath("unsquashfs") ? undefined : "needs squashfs-tools";
}

/** The root filesystem of the built image, unpacked. */
export async function unpackRootfs(directory: string): Promise<string> {
  const target = join(directory, "root");
  const rootfs = join(DIST, "rootfs.sqsh");
  await run("unsquashfs", ["-quiet", "-no-progress", "-no-xattrs", "-d", target, rootfs]);
  return target;
}
