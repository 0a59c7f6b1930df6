/** Comparing generated files with those that are committed. */
import { join } from "node:path";

/** The files below `directory` by their path in it. */
export async function readTree(directory: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const entry of Deno.readDir(directory)) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory) files.set(entry.name, await Deno.readTextFile(path));
    else for (const [name, text] of await readTree(path)) files.set(`${entry.name}/${name}`, text);
  }
  return files;
}

/** The paths whose text differs, or that only one of the two has, in order. */
export function differences(
  committed: ReadonlyMap<string, string>,
  fresh: ReadonlyMap<string, string>,
): string[] {
  const paths = new Set([...committed.keys(), ...fresh.keys()]);
  return [...paths].filter((path) => committed.get(path) !== fresh.get(path)).sort();
}
