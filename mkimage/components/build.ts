import { join } from "node:path";
import { hashFile, sha256 } from "../hash.ts";
import { cRecipe } from "./c_recipe.ts";
import type { Component } from "./component.ts";
import type { GoModule } from "./go_mod.ts";
import { goRecipe } from "./go_recipe.ts";
import { hostLicences } from "./licences.ts";

/** A component that lies built in the cache. */
export interface BuiltComponent {
  readonly component: Component;
  /** As `v1.2.3`. */
  readonly version: string;
  /** Holds the programs, and `licences/`. */
  readonly directory: string;
  readonly programs: readonly BuiltProgram[];
  /** What is linked into the programs, the standard library as module `std`. */
  readonly modules: readonly GoModule[];
}

/** One program of a component. */
export interface BuiltProgram {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Where the sources of components lie. */
const FOLDERS = import.meta.dirname ?? ".";
/** The facts of a cached build that its files do not tell. */
const RECORD = "component.json";

/** Builds components one after the other; what the cache has is taken from there. */
export async function buildComponents(
  components: readonly Component[],
  cache: string,
  say: (line: string) => void,
): Promise<BuiltComponent[]> {
  const built: BuiltComponent[] = [];
  for (const component of components) built.push(await buildComponent(component, cache, say));
  return built;
}

async function buildComponent(
  component: Component,
  cache: string,
  say: (line: string) => void,
): Promise<BuiltComponent> {
  const folder = join(FOLDERS, component.folder);
  const recipe = component.language === "go"
    ? await goRecipe(component, folder, cache)
    : cRecipe(component, folder);
  const key = sha256(JSON.stringify([recipe.inputs, await hashFolder(folder)])).slice(0, 16);
  const title = `${component.name} ${recipe.version}`;
  const directory = join(cache, "components", `${component.name}-${recipe.version}-${key}`);
  const cached = await readRecord(component, directory);
  if (cached) return cached;

  say(`${title}: building`);
  const start = performance.now();
  await Deno.mkdir(join(cache, "components"), { recursive: true });
  const work = await Deno.makeTempDir({ dir: join(cache, "components"), prefix: ".build-" });
  try {
    const made = await recipe.make(work);
    await hostLicences(component.licences ?? [], join(work, "licences"));
    const record = { version: recipe.version, ...made };
    await Deno.writeTextFile(join(work, RECORD), JSON.stringify(record, null, 2) + "\n");
    await Deno.chmod(work, 0o755);
    await Deno.rename(work, directory).catch(async (error) => {
      // Another build of the same was faster.
      if (!await readRecord(component, directory)) throw error;
    });
  } finally {
    await Deno.remove(work, { recursive: true }).catch(() => {});
  }
  say(`${title}: built in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return (await readRecord(component, directory))!;
}

/** A hash over everything in a component's folder. */
async function hashFolder(folder: string): Promise<string> {
  const hashes: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    const hash = isDirectory ? await hashFolder(path) : (await hashFile(path)).sha256;
    hashes.push(`${name} ${hash}`);
  }
  return sha256(hashes.sort().join("\n"));
}

async function readRecord(
  component: Component,
  directory: string,
): Promise<BuiltComponent | undefined> {
  const text = await Deno.readTextFile(join(directory, RECORD)).catch(() => undefined);
  if (text === undefined) return undefined;
  const { programs, ...record } = JSON.parse(text) as
    & Pick<BuiltComponent, "version" | "modules">
    & { programs: string[] };
  const found = programs.map(async (name): Promise<BuiltProgram> => {
    const path = join(directory, name);
    return { name, path, ...await hashFile(path) };
  });
  return { component, ...record, directory, programs: await Promise.all(found) };
}
