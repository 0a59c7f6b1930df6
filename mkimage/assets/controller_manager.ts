/** The image of the Talos Controller Manager, and the manifests that run it. */
import { join } from "node:path";
import { stringify } from "yaml";
import { CREDENTIALS, managerManifests } from "$lib/pool/mod.ts";
import { RUNTIME_FLAGS, V8_FLAGS } from "$lib/role/mod.ts";
import { type BuildStamp, IMAGE_PREFIX } from "$lib/version/mod.ts";
import { bundle } from "../bundle.ts";
import { fetchDebian, finder, unpackNpm } from "../inputs.ts";
import { DENO_LICENCE, licenceOf } from "../licences.ts";
import type { Lock } from "../lock.ts";
import { type BuiltImage, ZSTD_LEVEL } from "../oci/build.ts";
import { type ImageSettings, ociImage } from "../oci/image.ts";
import { tarLayer } from "../oci/layer.ts";
import { OciLayout } from "../oci/layout.ts";
import { NODE_RUNTIME } from "../packages.ts";
import { ROOT } from "../paths.ts";
import { layOutRuntime } from "../rootfs.ts";
import { Tree } from "../tree.ts";
import { zstd } from "../zstd.ts";

const FILES = {
  runtime: "/usr/bin/deno",
  program: "/usr/lib/controller-manager/main.js",
  /** Stays empty: the root of the container is read-only. */
  cache: "/usr/lib/controller-manager/cache",
} as const;

/** Debian packages that the runtime's libraries and their licences come from. */
const PACKAGES = ["libc6", "libgcc-s1", "gcc-12-base"];

/** What a container of the image runs: the runtime with no more rights than the program needs. */
export const CONTAINER: ImageSettings = {
  entrypoint: [
    FILES.runtime,
    ...RUNTIME_FLAGS.filter((flag) => flag !== "--allow-all"),
    "--allow-net",
    `--allow-read=/var/run/secrets/kubernetes.io,${CREDENTIALS.directory}`,
    "--allow-env=KUBERNETES_SERVICE_HOST,KUBERNETES_SERVICE_PORT,POD_NAME",
    `--v8-flags=${V8_FLAGS.join(",")}`,
    FILES.program,
  ],
  env: { HOME: "/", NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", DENO_DIR: FILES.cache },
  user: "65532:65532",
};

/** What it is built with. */
export interface ControllerManagerOptions {
  readonly lock: Lock;
  readonly cache: string;
  readonly stamp: BuildStamp;
  /** The directory of the image's layout. */
  readonly output: string;
  readonly say: (line: string) => void;
}

/** Builds the image as an OCI image layout in the directory `output`. */
export async function buildControllerManager(
  { lock, cache, stamp, output, say }: ControllerManagerOptions,
): Promise<BuiltImage> {
  const work = await Deno.makeTempDir({ prefix: "mkimage-controller-manager-" });
  try {
    say("program");
    const program = join(work, "main.js");
    await bundle(join(ROOT, "cmd", "controller-manager", "main.ts"), program, stamp);
    say("packages");
    const get = finder(await fetchDebian(PACKAGES, lock, cache, join(work, "in"), () => {}));
    const directory = await unpackNpm(NODE_RUNTIME, lock, cache, join(work, "runtime"));
    const tree = new Tree(join(work, "root"));
    await tree.directory("/");
    await tree.directory(FILES.cache);
    for (const name of ["bin", "sbin", "lib", "lib64"]) {
      await tree.directory(`/usr/${name}`);
      await tree.symlink(`/${name}`, `usr/${name}`);
    }
    await layOutRuntime(tree, { get, runtime: { directory } }, FILES.runtime);
    await tree.copy(program, FILES.program);
    for (const name of PACKAGES) {
      await tree.copy(await licenceOf(get, name), `/usr/share/doc/${name}/copyright`);
    }
    await tree.write("/usr/share/doc/deno/copyright", DENO_LICENCE);
    say("layer");
    const layer = await tarLayer(tree);
    await Deno.remove(output, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    const layout = new OciLayout(output);
    const name = controllerManagerName(stamp.tag);
    const image = ociImage(layer, CONTAINER, await zstd(layer, ZSTD_LEVEL));
    await layout.put(name, image);
    const { layers } = await layout.manifest(image.manifest);
    const sizeBytes = layers.reduce((sum, { size }) => sum + size, 0);
    return { name, layout, manifest: image.manifest, sizeBytes };
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** The name of a release's image. */
export function controllerManagerName(version: string): string {
  return `${IMAGE_PREFIX}/controller-manager:${version}`;
}

/** The manifests that run an image, as one YAML stream. */
export function controllerManagerYaml(image: string): string {
  return managerManifests({ image }).map((object) => stringify(object)).join("---\n");
}
