import { basename, dirname, join } from "node:path";
import type { ModuleIndex } from "$lib/kmod/mod.ts";
import { NODE_FILES } from "$lib/role/mod.ts";
import type { BuildStamp } from "$lib/version/mod.ts";
import type { BuiltComponent } from "./components/build.ts";
import {
  type Find,
  layOutLibraries,
  layOutLoader,
  layOutPrograms,
  NODE_PROGRAMS,
} from "./debian_programs.ts";
import { etcFiles } from "./etc.ts";
import type { Inputs } from "./inputs.ts";
import { DENO_LICENCE, layOutGoLicences, licenceOf } from "./licences.ts";
import type { KernelModules } from "./module_set.ts";
import { Tree } from "./tree.ts";

/** Libraries of the runtime, and those that glibc opens by itself to find names. */
const LIBRARIES: readonly [string, string][] = [
  ["libc6", "libc.so.6"],
  ["libc6", "libm.so.6"],
  ["libc6", "libdl.so.2"],
  ["libc6", "libpthread.so.0"],
  ["libc6", "librt.so.1"],
  ["libc6", "libresolv.so.2"],
  ["libc6", "libnss_dns.so.2"],
  ["libc6", "libnss_files.so.2"],
  ["libgcc-s1", "libgcc_s.so.1"],
];

/** Directories that something is mounted on, or that are empty on purpose. */
const MOUNT_POINTS = [
  ...["/dev", "/proc", "/sys", "/run", "/tmp", "/var", "/system", "/boot", "/usr/etc/udev"],
  ...["/etc/kubernetes", "/etc/cni", "/usr/libexec/kubernetes", "/mnt", "/usr/local", "/usr/sbin"],
];

/** What our part of a root filesystem is made of. */
export interface RootfsParts {
  readonly inputs: Inputs;
  /** Built from Go modules. */
  readonly components: readonly BuiltComponent[];
  /** The node's own programs, as bundles. */
  readonly bundles: readonly string[];
  readonly stamp: BuildStamp;
  readonly kernel: KernelModules;
  readonly modules: ModuleIndex;
  readonly release: string;
}

/** Lays out the root filesystem at `root`: the runtime, our bundle, modules, certificates, licences. */
export async function layOutRootfs(root: string, parts: RootfsParts): Promise<Tree> {
  const tree = new Tree(root);
  await tree.directory("/");
  for (const path of MOUNT_POINTS) await tree.directory(path);
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    await tree.directory(`/usr/${name}`);
    await tree.symlink(`/${name}`, `usr/${name}`);
  }
  await layOutRuntime(tree, parts.inputs, NODE_FILES.runtime);
  await layOutPrograms(tree, NODE_PROGRAMS, parts.inputs.get);
  await layOutComponents(tree, parts.components);
  await layOutBundles(tree, parts.bundles);
  for (const [name, text] of Object.entries(etcFiles(parts.stamp))) {
    await tree.write(`/etc/${name}`, text);
  }
  await tree.write("/etc/ssl/certs/ca-certificates.crt", await certificates(parts.inputs.get));
  await layOutModules(tree, parts);
  await layOutLicences(tree, parts.inputs);
  return tree;
}

/** Puts the runtime and its libraries into a tree; also what the initramfs starts from. */
export async function layOutRuntime(
  tree: Tree,
  inputs: { readonly get: Find; readonly runtime: { readonly directory: string } },
  path: string,
): Promise<void> {
  await tree.copy(join(inputs.runtime.directory, "deno"), path, 0o755);
  await layOutLibraries(tree, LIBRARIES, inputs.get);
  await layOutLoader(tree, inputs.get);
}

/** Puts bundles of the node's programs into a tree, side by side. */
export async function layOutBundles(tree: Tree, bundles: readonly string[]): Promise<void> {
  for (const file of bundles) {
    await tree.copy(file, join(dirname(NODE_FILES.bundle), basename(file)));
  }
}

/** Puts the programs of components where they belong. */
async function layOutComponents(tree: Tree, components: readonly BuiltComponent[]): Promise<void> {
  for (const built of components) {
    const target = built.component.directory ?? "/usr/bin";
    for (const { name, path } of built.programs) await tree.copy(path, `${target}/${name}`, 0o755);
    await layOutGoLicences(tree, built);
  }
}

/** The certificates of the authorities that everyone trusts, as one file. */
export async function certificates(find: Find): Promise<string> {
  const directory = join(
    find("ca-certificates").directory,
    "usr/share/ca-certificates/mozilla",
  );
  const names: string[] = [];
  for await (const { name } of Deno.readDir(directory)) if (name.endsWith(".crt")) names.push(name);
  const texts = names.sort().map((name) => Deno.readTextFile(join(directory, name)));
  return (await Promise.all(texts)).map((text) => text.trimEnd() + "\n").join("");
}

async function layOutModules(tree: Tree, parts: RootfsParts): Promise<void> {
  const directory = `/usr/lib/modules/${parts.release}`;
  for (const { file } of Object.values(parts.modules.modules)) {
    await tree.copy(join(parts.kernel.directory, file), `${directory}/${file}`);
  }
  await tree.write(`${directory}/index.json`, JSON.stringify(parts.modules));
}

async function layOutLicences(tree: Tree, inputs: Inputs): Promise<void> {
  for (const { name, type, directory } of inputs.packages) {
    const target = `/usr/share/doc/${name.replace(/^@/, "").replace("/", "-")}/copyright`;
    if (type === "npm") {
      await tree.copy(join(directory, "package.json"), target.replace("copyright", "package.json"));
      await tree.write(target, DENO_LICENCE);
      continue;
    }
    await tree.copy(await licenceOf(inputs.get, name), target);
  }
}
