/** `mkimage images`, `registry` and `mirror`: the images of a cluster, and where nodes get them. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Lock } from "../lock.ts";
import { buildImages, type BuiltImage } from "../oci/build.ts";
import { writeArchive } from "../oci/archive.ts";
import { chooseRecipes } from "../oci/recipes.ts";
import { CACHE } from "../paths.ts";
import { print, progress } from "../say.ts";
import { imageTable } from "../table.ts";
import { requireTools } from "../tools.ts";
import { RegistryClient } from "./client.ts";
import { fillRegistry } from "./fill.ts";
import { type LocalRegistry, localRegistry, stopRegistry } from "./server.ts";

/** Where the local registry keeps its files. */
export const REGISTRY = join(CACHE, "registry");

/**
 * Builds the images whose names hold one of `parts`, or all that a cluster of this release runs.
 * @throws {TypeError} when no name holds any of the parts.
 */
export async function images(lock: Lock, parts: readonly string[] = []): Promise<BuiltImage[]> {
  await requireTools(["apt-get", "dpkg-deb", "gcc", "pkg-config"]);
  return await buildImages(chooseRecipes(parts), { lock, cache: CACHE, say: progress() });
}

/** Starts the local registry and brings it up to date; with `--stop` ends it. */
export async function registry(lock: Lock, args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { stop: { type: "boolean" } },
  });
  if (values.stop) {
    print(await stopRegistry(REGISTRY) ? "the registry ends" : "no registry runs");
    return;
  }
  const { registry: { endpoint }, images: built } = await serveImages(lock, positionals);
  print(imageTable(built));
  print(`${endpoint}, its CA in ${join(REGISTRY, "ca.crt")}`);
}

/** Has images served by a local registry, as `images` chooses them. */
export async function serveImages(
  lock: Lock,
  parts: readonly string[] = [],
  directory = REGISTRY,
): Promise<{ registry: LocalRegistry; images: BuiltImage[] }> {
  await requireTools(["docker-registry"]);
  const built = await images(lock, parts);
  const registry = await localRegistry(directory);
  using client = new RegistryClient(registry.endpoint, registry.ca);
  await fillRegistry(client, built, progress());
  return { registry, images: built };
}

/** Copies images into another registry, or into an archive. */
export async function mirror(lock: Lock, args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { to: { type: "string" }, ca: { type: "string" }, archive: { type: "string" } },
  });
  if (!values.to === !values.archive) {
    throw new TypeError("Cannot mirror images: give either --to URL or --archive FILE");
  }
  const built = await images(lock, positionals);
  if (values.archive) {
    await writeArchive(built, resolve(values.archive));
    print(values.archive);
  }
  if (values.to) {
    const ca = values.ca ? await Deno.readTextFile(values.ca) : undefined;
    using client = new RegistryClient(values.to.replace(/\/+$/, ""), ca);
    await fillRegistry(client, built, progress());
    print(imageTable(built));
  }
}
