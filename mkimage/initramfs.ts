import { basename, join } from "node:path";
import { NODE_FILES } from "$lib/role/mod.ts";
import { cpioArchive, type CpioEntry } from "./cpio.ts";
import type { Inputs } from "./inputs.ts";
import { layOutBundles, layOutRuntime } from "./rootfs.ts";
import { Tree, walkTree } from "./tree.ts";
import { concat } from "./verity.ts";
import { zstdCached } from "./zstd.ts";

/**
 * PID 1 of the initramfs. A `#!` line carries one argument only, and the kernel appends words of its
 * command line, so the role is set here.
 */
export const INIT = `#!${NODE_FILES.runtime} -A
Object.defineProperty(Deno, "args", {
  value: ["init", ...Deno.args.filter((word) => word === "--warm")],
});
await import("file://${NODE_FILES.bundle}");
`;

/** What it runs: the start and its own part. */
const BUNDLES: ReadonlySet<string> = new Set([basename(NODE_FILES.bundle), "init.js"]);

/** Where the early stage finds its modules, and the order to load them in. */
const EARLY_DIRECTORY = "/usr/lib/modules/early";

/** Level of zstd: beyond it an image shrinks by a percent and the build takes minutes. */
const ZSTD_LEVEL = 19;

/** What the early stage needs around the root filesystem. */
export interface InitramfsParts {
  readonly inputs: Inputs;
  /** The node's programs; only what the early stage runs is taken. */
  readonly bundles: readonly string[];
  /** Module files in load order, each a path on this host. */
  readonly modules: readonly string[];
}

/** Lays out the early stage at `root`, all but the image itself. */
export async function layOutInitramfs(root: string, parts: InitramfsParts): Promise<Tree> {
  const tree = new Tree(root);
  await tree.directory("/");
  for (const path of ["/dev", "/sys", "/run", "/root", "/image"]) await tree.directory(path);
  for (const name of ["bin", "lib", "lib64"]) {
    await tree.directory(`/usr/${name}`);
    await tree.symlink(`/${name}`, `usr/${name}`);
  }
  await layOutRuntime(tree, parts.inputs, NODE_FILES.runtime);
  // The runtime asks for its own path before /proc is mounted.
  await tree.symlink("/proc/self/exe", NODE_FILES.runtime);
  await layOutBundles(tree, parts.bundles.filter((file) => BUNDLES.has(basename(file))));
  await tree.write("/init", INIT, 0o755);
  const names: string[] = [];
  for (const path of parts.modules) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    await tree.copy(path, `${EARLY_DIRECTORY}/${name}`);
    names.push(name);
  }
  await tree.write(`${EARLY_DIRECTORY}/order.json`, JSON.stringify(names));
  return tree;
}

/** Files that never change between builds of one runtime: compressed apart, so that it is done once. */
function isRuntime(path: string): boolean {
  return path === NODE_FILES.runtime || /^\/usr\/lib\/x86_64-linux-gnu\/|\/ld-linux/.test(path);
}

/**
 * The initramfs of a tree: the root filesystem image as it is, as an uncompressed archive, then the
 * runtime and then the rest, both as zstd. The kernel unpacks one after the other.
 */
export async function packInitramfs(
  tree: Tree,
  rootfs: string,
  epochSeconds: number,
  cache: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const entries = await initramfsEntries(tree);
  const image: CpioEntry = {
    type: "file",
    path: "/rootfs.sqsh",
    mode: 0o444,
    content: await Deno.readFile(rootfs),
  };
  const runtime = entries.filter((entry) => entry.type !== "file" || isRuntime(entry.path));
  const rest = entries.filter((entry) => entry.type === "file" && !isRuntime(entry.path));
  // One fixed time for the runtime's archive keeps it the same for every commit.
  const first = concat([...cpioArchive(runtime, 0)]);
  const second = concat([...cpioArchive(rest, epochSeconds)]);
  return concat([
    ...cpioArchive([image], epochSeconds),
    await zstdCached(first, ZSTD_LEVEL, cache),
    await zstdCached(second, ZSTD_LEVEL, cache),
  ]);
}

/** Every entry of an early stage, and the console that the kernel opens for it. */
export async function initramfsEntries({ root }: Tree): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = [];
  for (const { path, info } of await walkTree(root)) {
    const mode = (info.mode ?? 0) & 0o7777;
    const host = join(root, path);
    if (info.isDirectory) entries.push({ type: "directory", path, mode });
    else if (info.isSymlink) {
      entries.push({ type: "symlink", path, target: await Deno.readLink(host) });
    } else entries.push({ type: "file", path, mode, content: await Deno.readFile(host) });
  }
  const device = { major: 5, minor: 1 };
  return [...entries, { type: "device", path: "/dev/console", mode: 0o600, device }];
}
