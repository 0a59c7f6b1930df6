import { basename, join } from "node:path";
import { stop, transform } from "esbuild";
import { NODE_FILES, ROLES } from "$lib/role/mod.ts";
import type { BuildStamp } from "$lib/version/mod.ts";
import { ROOT } from "./paths.ts";
import { run } from "./run.ts";
import { stampLine } from "./stamp.ts";

/** Bundles `entry` with all it imports into one file at `output`, with the build's stamp in front. */
export async function bundle(entry: string, output: string, stamp: BuildStamp): Promise<void> {
  const { main } = await bundled(entry);
  await writeAtomic(output, stampLine(stamp) + main);
}

/**
 * The node's programs in `directory`: the one that is started, which picks a part by its name, and
 * the bundles of the parts. What a part imports later lies in files of its own. Gives their paths.
 */
export async function bundleNode(directory: string, stamp: BuildStamp): Promise<string[]> {
  await Deno.remove(directory, { recursive: true }).catch(() => {});
  await Deno.mkdir(directory, { recursive: true });
  const start = join(directory, basename(NODE_FILES.bundle));
  await bundle(join(ROOT, "cmd", "node", "portable.ts"), start, stamp);
  const files = [start];
  const write = async (name: string, text: string) => {
    files.push(join(directory, name));
    await Deno.writeTextFile(join(directory, name), text);
  };
  const parts: Record<string, string> = {
    launcher: join(ROOT, "ffi", "launcher_main.ts"),
    config: join(ROOT, "cmd", "machined", "config", "apart_worker.ts"),
  };
  for (const role of ROLES) parts[role] = join(ROOT, "cmd", role, "main.ts");
  for (const [name, entry] of Object.entries(parts)) {
    const { main, chunks } = await bundled(entry, ["--code-splitting"]);
    await write(`${name}.js`, main);
    for (const [chunk, text] of chunks) await write(chunk, text);
  }
  return files.sort();
}

/** An entry's bundle, and by name what was split off from it. */
async function bundled(
  entry: string,
  options: readonly string[] = [],
): Promise<{ main: string; chunks: [string, string][] }> {
  const directory = await Deno.makeTempDir({ prefix: "mkimage-bundle-" });
  try {
    await run(Deno.execPath(), [
      ...["bundle", "--quiet", "--config", join(ROOT, "deno.json"), ...options],
      // Of packages in two forms it takes the ES modules: for CommonJS it would have to start node:module.
      ...["--platform", "browser", "--outdir", directory, entry],
    ], { cwd: ROOT, env: { NO_COLOR: "1" } });
    const own = basename(entry).replace(/\.ts$/, ".js");
    const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();
    const read = async (name: string) =>
      await minify(await Deno.readTextFile(join(directory, name)));
    const chunks = names.filter((name) => name !== own)
      .map(async (name): Promise<[string, string]> => [name, await read(name)]);
    return { main: await read(own), chunks: await Promise.all(chunks) };
  } finally {
    await stop();
    await Deno.remove(directory, { recursive: true });
  }
}

/**
 * The same program in less text. The runtime's own minifier would not do: it puts a variable that is
 * used once in the place of its use, one of `using` too, and nothing disposes of it any more.
 */
export async function minify(text: string): Promise<string> {
  const { code } = await transform(text, { minify: true, format: "esm", target: "esnext" });
  return code;
}

async function writeAtomic(path: string, text: string): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`;
  await Deno.writeTextFile(temporary, text);
  await Deno.rename(temporary, path);
}
