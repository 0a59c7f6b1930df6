import { basename, join } from "node:path";
import type { Manifest, Part, Verity } from "$lib/image/mod.ts";
import { type Role, ROLES } from "$lib/role/mod.ts";
import type { BuildStamp } from "$lib/version/mod.ts";
import { buildComponents } from "./components/build.ts";
import { NODE_COMPONENTS } from "./components/node.ts";
import { warmInit, warmRoles } from "./code_cache.ts";
import { partOf, sha256 } from "./hash.ts";
import { initramfsEntries, layOutInitramfs, packInitramfs } from "./initramfs.ts";
import { fetchInputs, type Inputs } from "./inputs.ts";
import { publicKeyOf, signWith } from "./keys.ts";
import { layoutHash } from "./layout.ts";
import type { Lock } from "./lock.ts";
import { findModules, indexModules, type KernelModules, orderedFiles } from "./module_set.ts";
import { allowedModules, alwaysModules, EARLY_MODULES } from "./modules.ts";
import { DENO_VERSION, type Flavor } from "./packages.ts";
import { layOutRootfs } from "./rootfs.ts";
import { spdxDocument } from "./sbom.ts";
import { makeSquashfs } from "./squashfs.ts";
import type { Tree } from "./tree.ts";
import { walkTree } from "./tree.ts";
import { concat, padToBlock, verityTree } from "./verity.ts";

/** What an image is built from and where it goes. */
export interface ImageOptions {
  readonly flavor: Flavor;
  readonly lock: Lock;
  /** The node's programs, the one that is started among them: `node.js`. */
  readonly bundles: readonly string[];
  readonly stamp: BuildStamp;
  readonly epochSeconds: number;
  readonly privateKey: string;
  readonly cache: string;
  readonly output: string;
  /** Told what is being done, one line a step. */
  readonly say: (line: string) => void;
  /** Roles whose code cache is filled. */
  readonly roles?: readonly Role[];
}

/** A part of a finished image: its size on disk and what it holds unpacked, in bytes. */
export interface PartSize {
  readonly name: string;
  readonly contentBytes: number;
  readonly sizeBytes: number;
}

/** The manifest of an image with what only tools read: flavour, build, and the initramfs' own files. */
export interface ImageManifest extends Manifest {
  readonly flavor: Flavor;
  readonly arch: "amd64";
  readonly sha: string;
  readonly built: string;
  readonly runtime: string;
  readonly initramfs: readonly Part[];
  /** Versions of what was built from Go modules. */
  readonly components: Readonly<Record<string, string>>;
  /** Hash over kinds, modes and link targets in the initramfs. */
  readonly initramfsLayout: string;
}

/** Builds every part of an image into `output`. */
export async function buildImage(options: ImageOptions): Promise<PartSize[]> {
  const work = await Deno.makeTempDir({ prefix: "mkimage-" });
  // The tree is a file system's root: 0700 of a temporary directory must not become the image's.
  try {
    return await buildIn(work, options);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function buildIn(work: string, options: ImageOptions): Promise<PartSize[]> {
  const { cache, flavor, lock, output, say, stamp, epochSeconds } = options;
  await Deno.mkdir(output, { recursive: true });
  say("components");
  const components = await buildComponents(NODE_COMPONENTS, cache, (line) => say("  " + line));
  say("packages");
  const inputs = await fetchInputs(
    lock,
    flavor,
    cache,
    join(work, "in"),
    (line) => say("  " + line),
  );
  const release = inputs.kernel.name.replace("linux-image-", "");
  const kernel = await findModules(join(inputs.kernel.directory, "lib/modules", release));
  const vmlinuz = join(output, "vmlinuz-amd64");
  await Deno.copyFile(join(inputs.kernel.directory, "boot", `vmlinuz-${release}`), vmlinuz);
  const config = join(inputs.kernel.directory, "boot", `config-${release}`);
  await Deno.copyFile(config, join(output, "kernel-config-amd64"));

  say("root filesystem");
  const modules = await indexModules(kernel, allowedModules(), alwaysModules());
  const { bundles } = options;
  const root = await layOutRootfs(join(work, "root"), {
    ...{ inputs, components, bundles, stamp, kernel, modules, release },
  });
  say("  code cache");
  await warmRoles(root, options.roles ?? ROLES.filter((role) => role !== "init"));
  const sbom = spdxDocument({
    ...{ inputs: inputs.packages, components, stamp, bundleSha256: await hashOf(bundles) },
  });
  await root.write("/usr/share/spdx/image.spdx.json", sbom);
  await Deno.writeTextFile(join(output, "sbom.spdx.json"), sbom);
  const rootfs = join(output, "rootfs.sqsh");
  await makeSquashfs(root.root, rootfs, epochSeconds);
  const verity = await appendVerity(rootfs);

  say("initramfs");
  const early = await layOutInitramfs(join(work, "early"), {
    ...{ inputs, bundles, modules: await earlyModules(kernel) },
  });
  await warmInit(early);
  const parts = [await partOf("rootfs.sqsh", rootfs), await partOf("vmlinuz-amd64", vmlinuz)];
  const manifest: ImageManifest = {
    schema: 1,
    version: stamp.tag,
    sha: stamp.sha,
    built: stamp.built,
    arch: "amd64",
    flavor,
    layout: "portable",
    kernel: release,
    runtime: `deno ${DENO_VERSION}`,
    verity,
    parts,
    initramfs: await filesOf(early),
    initramfsLayout: layoutHash(await initramfsEntries(early)),
    packages: versionsOf(inputs),
    components: Object.fromEntries(
      components.map(({ component, version }) => [component.name, version]),
    ),
  };
  await signInto(early, manifest, options);
  const initramfs = await packInitramfs(early, rootfs, epochSeconds, cache);
  await Deno.writeFile(join(output, "initramfs-amd64.xz"), initramfs);
  return [
    { name: "rootfs.sqsh", contentBytes: await treeBytes(root), sizeBytes: parts[0]!.sizeBytes },
    {
      name: "initramfs-amd64.xz",
      contentBytes: await treeBytes(early) + parts[0]!.sizeBytes,
      sizeBytes: initramfs.length,
    },
    { name: "vmlinuz-amd64", contentBytes: parts[1]!.sizeBytes, sizeBytes: parts[1]!.sizeBytes },
  ];
}

async function hashOf(paths: readonly string[]): Promise<string> {
  return sha256(concat(await Promise.all(paths.map((path) => Deno.readFile(path)))));
}

/**
 * Pads the image at `path` to whole blocks and appends its tree. The salt follows from the content.
 */
export async function appendVerity(path: string): Promise<Verity> {
  const data = padToBlock(await Deno.readFile(path));
  const saltHex = sha256(data);
  const { appendix, verity } = verityTree(data, { saltHex, uuidHex: sha256(saltHex).slice(0, 32) });
  using file = await Deno.open(path, { write: true, truncate: true });
  for (const bytes of [data, appendix]) {
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  }
  return verity;
}

async function earlyModules(kernel: KernelModules): Promise<string[]> {
  const index = await indexModules(kernel, EARLY_MODULES, []);
  return orderedFiles(index, EARLY_MODULES).map((file) => join(kernel.directory, file));
}

async function filesOf(tree: Tree): Promise<Part[]> {
  const files = (await walkTree(tree.root)).filter(({ info }) => info.isFile);
  return await Promise.all(files.map(({ path }) => partOf(path, tree.host(path))));
}

function versionsOf(inputs: Inputs): Record<string, string> {
  return Object.fromEntries(inputs.packages.map(({ name, version }) => [name, version]));
}

async function signInto(tree: Tree, manifest: ImageManifest, options: ImageOptions): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(manifest, null, 2) + "\n");
  const signature = await signWith(options.privateKey, bytes);
  for (
    const [name, content] of [["manifest.json", bytes], ["manifest.json.sig", signature]] as const
  ) {
    await tree.write(`/image/${name}`, content);
    await Deno.writeFile(join(options.output, basename(name)), content);
  }
  const publicKey = await publicKeyOf(options.privateKey);
  await tree.write("/image/signing.pub", publicKey);
  await Deno.writeTextFile(join(options.output, "signing.pub"), publicKey);
}

async function treeBytes(tree: Tree): Promise<number> {
  const files = (await walkTree(tree.root)).filter(({ info }) => info.isFile);
  return files.reduce((sum, { info }) => sum + info.size, 0);
}
