/** Brings dist/ up to date before the suites that test a built image. */
import { join } from "node:path";
import { DIST, ROOT } from "../mkimage/paths.ts";
import { newestSource, oldestOf, SOURCES } from "../mkimage/stale.ts";
import { requireTools } from "../mkimage/tools.ts";

/** What a test of an image reads. */
const PARTS = ["vmlinuz-amd64", "initramfs-amd64.xz", "rootfs.sqsh", "manifest.json"]
  .map((name) => join(DIST, name));

/** How it went: there is one, this host cannot build one (its tests skip by name), or the build broke. */
export type BuiltImage = "ready" | "absent" | "broken";

/** Why an image has to be built, or nothing when the one that is there will do; times in milliseconds. */
export function whyBuild(oldestPart: number | undefined, newestSource: number): string | undefined {
  if (oldestPart === undefined) return "there is none in dist/";
  if (newestSource > oldestPart) return "it is older than its sources";
  return undefined;
}

/** Builds the image when it is missing or older than its sources. */
export async function buildImageIfStale(say: (line: string) => void): Promise<BuiltImage> {
  const oldest = await oldestOf(PARTS);
  const why = whyBuild(oldest, await newestSource(SOURCES));
  if (why === undefined) return "ready";
  try {
    await requireTools(["apt-get", "dpkg-deb", "mksquashfs", "zstd", "npm", "tar", "gcc"]);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    // An old image would say nothing about the sources that are tested.
    return oldest === undefined ? "absent" : "broken";
  }
  say(`building the image: ${why} (minutes on two cores)`);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "image"],
    cwd: ROOT,
    stdin: "null",
  }).spawn().status;
  return success ? "ready" : "broken";
}
