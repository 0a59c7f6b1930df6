/** The images of Kubernetes in a registry of the test's own, and kubectl. */
import { join } from "node:path";
import { buildComponents } from "../../mkimage/components/build.ts";
import { chooseComponents } from "../../mkimage/components/catalog.ts";
import { parseLock } from "../../mkimage/lock.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { IMAGE_RECIPES } from "../../mkimage/oci/recipes.ts";
import { CACHE, LOCK_FILE } from "../../mkimage/paths.ts";
import { RegistryClient } from "../../mkimage/registry/client.ts";
import { REGISTRY, serveImages } from "../../mkimage/registry/commands.ts";
import { fillRegistry } from "../../mkimage/registry/fill.ts";
import { type LocalRegistry, stopRegistry } from "../../mkimage/registry/server.ts";
import { requireTools } from "../../mkimage/tools.ts";

/** What a machine pulls from, and what its users call. */
export interface ServedImages extends AsyncDisposable {
  readonly registry: LocalRegistry;
  readonly images: readonly BuiltImage[];
  /** Path of the program. */
  readonly kubectl: string;
}

/** Why this host cannot have the images of a cluster, or nothing when it can. */
export async function imagesMissing(): Promise<string | undefined> {
  try {
    await requireTools(["apt-get", "dpkg-deb", "gcc", "pkg-config", "docker-registry"]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Builds what the cache lacks and serves it until it is disposed: all that a cluster runs, the images
 * with `more` in their names, and those of the project that are `built` already. The registry is one of the test's own over the files of the local
 * one, so neither pushes twice nor ends with the other.
 */
export async function serveClusterImages(
  directory: string,
  more: readonly string[] = [],
  built: readonly BuiltImage[] = [],
): Promise<ServedImages> {
  const data = join(REGISTRY, "data");
  await Deno.mkdir(data, { recursive: true, mode: 0o700 });
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  await Deno.symlink(data, join(directory, "data"));
  const lock = parseLock(await Deno.readTextFile(LOCK_FILE));
  const names = [...IMAGE_RECIPES.map(({ name }) => name), ...more];
  const { registry, images } = await serveImages(lock, names, directory);
  using client = new RegistryClient(registry.endpoint, registry.ca);
  await fillRegistry(client, built, say);
  const [kubectl] = await buildComponents(chooseComponents(["kubectl"]), CACHE, say);
  return {
    registry,
    images: [...images, ...built],
    kubectl: kubectl!.programs[0]!.path,
    [Symbol.asyncDispose]: async () => void await stopRegistry(directory),
  };
}

/** Tells of a step that takes long. */
export function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
