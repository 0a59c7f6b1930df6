/** `mkimage images`, `registry` and `mirror`: the images of a cluster, and where nodes get them. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { OLDER_KUBERNETES } from "../components/kubernetes.ts";
import type { Lock } from "../lock.ts";
import { buildImages, type BuiltImage } from "../oci/build.ts";
import { writeArchive } from "../oci/archive.ts";
import { IMAGE_RECIPES, kubernetesRecipes } from "../oci/recipes.ts";
import { CACHE } from "../paths.ts";
import { print, progress } from "../say.ts";
import { imageTable } from "../table.ts";
import { requireTools } from "../tools.ts";
import { RegistryClient } from "./client.ts";
import { fillRegistry } from "./fill.ts";
import { type LocalRegistry, localRegistry, stopRegistry } from "./server.ts";

/** Where the local registry keeps its files. */
export const REGISTRY = join(CACHE, "registry");

/** The flag that adds the older release of Kubernetes. */
const OLDER = { type: "boolean", default: false } as const;

/** Which images are meant: those whose names hold one of `parts`, or all; the older release's too. */
export interface Choice {
  readonly parts?: readonly string[];
  readonly older?: boolean;
}

/** Builds the images of a cluster. @throws {TypeError} when no name holds any of the parts. */
export async function images(
  lock: Lock,
  { parts = [], older = false }: Choice = {},
): Promise<BuiltImage[]> {
  await requireTools(["apt-get", "dpkg-deb", "gcc", "pkg-config"]);
  const all = [...IMAGE_RECIPES, ...(older ? kubernetesRecipes(OLDER_KUBERNETES) : [])];
  const recipes = all.filter(({ name }) =>
    parts.length === 0 || parts.some((part) => name.includes(part))
  );
  if (recipes.length === 0) {
    const known = all.map(({ name }) => name).join(", ");
    throw new TypeError(`Cannot build images "${parts.join(" ")}": known are ${known}`);
  }
  return await buildImages(recipes, { lock, cache: CACHE, say: progress() });
}

/** Starts the local registry and brings it up to date; with `--stop` ends it. */
export async function registry(lock: Lock, args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { stop: { type: "boolean" }, older: OLDER } });
  if (values.stop) {
    print(await stopRegistry(REGISTRY) ? "the registry ends" : "no registry runs");
    return;
  }
  const { registry: { endpoint }, images: built } = await serveImages(lock, values);
  print(imageTable(built));
  print(`${endpoint}, its CA in ${join(REGISTRY, "ca.crt")}`);
}

/** Has every image of a cluster served by the local registry. */
export async function serveImages(
  lock: Lock,
  choice: Choice = {},
): Promise<{ registry: LocalRegistry; images: BuiltImage[] }> {
  await requireTools(["docker-registry"]);
  const built = await images(lock, choice);
  const registry = await localRegistry(REGISTRY);
  using client = new RegistryClient(registry.endpoint, registry.ca);
  await fillRegistry(client, built, progress());
  return { registry, images: built };
}

/** Copies every image into another registry, or into an archive. */
export async function mirror(lock: Lock, args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      to: { type: "string" },
      ca: { type: "string" },
      archive: { type: "string" },
      older: OLDER,
    },
  });
  if (!values.to === !values.archive) {
    throw new TypeError("Cannot mirror images: give either --to URL or --archive FILE");
  }
  const built = await images(lock, values);
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
