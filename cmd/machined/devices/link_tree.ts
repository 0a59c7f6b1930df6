/** Symbolic links below /dev/disk, kept as they should be. */
import { dirname, join, relative } from "node:path/posix";
import { type DeviceFacts, deviceLinks } from "$lib/disk/mod.ts";

/** The directories that are kept; others below /dev/disk are somebody else's. */
const DIRECTORIES = [
  "by-id",
  "by-path",
  "by-uuid",
  "by-label",
  "by-partuuid",
  "by-partlabel",
  "by-diskseq",
].map((name) => `disk/${name}`);

/** The device that each link names; of two that claim one, the first by name has it. */
export function wantedLinks(devices: readonly DeviceFacts[]): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  for (const facts of devices) {
    for (const link of deviceLinks(facts)) if (!links.has(link)) links.set(link, facts.name);
  }
  return links;
}

/** Makes, moves and removes links below `dev` until they are as wanted; gives how many that took. */
export async function putLinks(dev: string, wanted: ReadonlyMap<string, string>): Promise<number> {
  let changes = 0;
  for (const [link, name] of wanted) {
    const path = join(dev, link);
    const target = relative(dirname(path), join(dev, name));
    if (await Deno.readLink(path).catch(() => undefined) === target) continue;
    await Deno.mkdir(dirname(path), { recursive: true });
    // Renamed over the old one: nobody who looks finds none.
    const fresh = `${path}.new`;
    await Deno.remove(fresh).catch(() => {});
    await Deno.symlink(target, fresh);
    await Deno.rename(fresh, path);
    changes++;
  }
  for (const directory of DIRECTORIES) {
    for (const name of await linksIn(join(dev, directory))) {
      if (wanted.has(join(directory, name))) continue;
      await Deno.remove(join(dev, directory, name));
      changes++;
    }
  }
  return changes;
}

async function linksIn(directory: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(directory)))
      .filter(({ isSymlink }) => isSymlink).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
