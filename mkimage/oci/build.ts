import { join } from "node:path";
import { buildComponents, type BuiltComponent } from "../components/build.ts";
import { chooseComponents } from "../components/catalog.ts";
import {
  C_LIBRARY,
  type Find,
  layOutLibraries,
  layOutLoader,
  layOutPrograms,
  packagesOf,
} from "../debian_programs.ts";
import { sha256 } from "../hash.ts";
import { fetchDebian, finder } from "../inputs.ts";
import { layOutGoLicences, licenceOf } from "../licences.ts";
import { type Lock, lockedPackage } from "../lock.ts";
import { certificates } from "../rootfs.ts";
import { Tree } from "../tree.ts";
import { zstd } from "../zstd.ts";
import { type Descriptor, ociImage } from "./image.ts";
import { tarLayer } from "./layer.ts";
import { OciLayout } from "./layout.ts";
import type { ImageRecipe } from "./recipes.ts";

/** A new one makes every image anew: for changes of how recipes are carried out. */
const FORMAT = 2;
/**
 * An emulated node spends 0.12 s on a MB that it decrypts and hashes on its way, and 0.03 s on one that it
 * inflates, to a quarter as many.
 */
export const ZSTD_LEVEL = 10;

/** A built image in a layout. */
export interface BuiltImage {
  readonly name: string;
  readonly layout: OciLayout;
  readonly manifest: Descriptor;
  /** Of its layers. */
  readonly sizeBytes: number;
}

/** Builds images; what the cache has is taken from there. */
export async function buildImages(
  recipes: readonly ImageRecipe[],
  { lock, cache, say }: {
    readonly lock: Lock;
    readonly cache: string;
    readonly say: (line: string) => void;
  },
): Promise<BuiltImage[]> {
  const names = recipes.flatMap(({ programs }) => programs.map(([component]) => component));
  const components = await buildComponents(chooseComponents([...new Set(names)]), cache, say);
  const built: BuiltImage[] = [];
  for (const recipe of recipes) {
    const own = components.filter(({ component }) =>
      recipe.programs.some(([name]) => name === component.name)
    );
    const debian = debianPackages(recipe);
    const facts = [
      ...[FORMAT, recipe, debian.map((name) => lockedPackage(lock, "debian", name))],
      own.map(({ programs }) => programs.map((program) => program.sha256)),
    ];
    const key = sha256(JSON.stringify(facts)).slice(0, 16);
    const layout = new OciLayout(join(cache, "images", `${slug(recipe.name)}-${key}`));
    if (!await layout.find(recipe.name)) {
      say(`${recipe.name}: packing`);
      await pack(recipe, own, debian, { layout, lock, cache });
    }
    const manifest = (await layout.find(recipe.name))!;
    const { layers } = await layout.manifest(manifest);
    const sizeBytes = layers.reduce((sum, { size }) => sum + size, 0);
    built.push({ name: recipe.name, layout, manifest, sizeBytes });
  }
  return built;
}

/** The Debian packages that an image takes files from. */
function debianPackages({ debian = [], certificates }: ImageRecipe): string[] {
  return [
    ...(debian.length > 0 ? ["libc6", ...packagesOf(debian)] : []),
    ...(certificates ? ["ca-certificates"] : []),
  ];
}

async function pack(
  recipe: ImageRecipe,
  components: readonly BuiltComponent[],
  packages: readonly string[],
  { layout, lock, cache }: {
    readonly layout: OciLayout;
    readonly lock: Lock;
    readonly cache: string;
  },
): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "mkimage-oci-" });
  try {
    const inputs = await fetchDebian(packages, lock, cache, join(work, "in"), () => {});
    const tree = new Tree(join(work, "root"));
    await layOut(tree, recipe, components, finder(inputs));
    for (const name of packages) {
      await tree.copy(await licenceOf(finder(inputs), name), `/usr/share/doc/${name}/copyright`);
    }
    const layer = await tarLayer(tree);
    await layout.put(recipe.name, ociImage(layer, recipe, await zstd(layer, ZSTD_LEVEL)));
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function layOut(
  tree: Tree,
  recipe: ImageRecipe,
  components: readonly BuiltComponent[],
  find: Find,
): Promise<void> {
  await tree.directory("/");
  await tree.directory("/tmp", 0o1777);
  for (const [component, program, path] of recipe.programs) {
    const { programs } = components.find((one) => one.component.name === component)!;
    await tree.copy(programs.find(({ name }) => name === program)!.path, path, 0o755);
  }
  for (const component of components) await layOutGoLicences(tree, component);
  if (recipe.debian) {
    for (const name of ["bin", "sbin", "lib", "lib64"]) {
      await tree.directory(`/usr/${name}`);
      await tree.symlink(`/${name}`, `usr/${name}`);
    }
    await layOutLoader(tree, find);
    await layOutLibraries(tree, C_LIBRARY, find);
    await layOutPrograms(tree, recipe.debian, find);
  }
  for (const [name, text] of Object.entries(recipe.etc ?? {})) {
    await tree.write(`/etc/${name}`, text);
  }
  if (recipe.certificates) {
    await tree.write("/etc/ssl/certs/ca-certificates.crt", await certificates(find));
  }
}

/** A name as part of a file name. */
function slug(name: string): string {
  return name.replace(/[^A-Za-z0-9.]+/g, "-");
}
