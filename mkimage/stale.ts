import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./paths.ts";

/** What an image is made from. */
export const SOURCES = ["cmd", "lib", "ffi", "proto/gen", "mkimage", "deno.json"]
  .map((name) => join(ROOT, name));

/** What tests, this client, containers' images and the scripts around an image leave unchanged in it. */
const NOT_IN_IMAGE = new RegExp(
  [
    /_test\.ts$|\/testing(\/|\.ts$)|\/cmd\/talosctl\/|\/mkimage\/(up|down|stale)\.ts$/,
    /\/cmd\/controller-manager\/|\/lib\/pool\/|\/mkimage\/assets\/controller_manager\.ts$/,
    /\/mkimage\/(oci|registry)\/|\/mkimage\/components\/(kubernetes[^/]*|etcd|coredns|flannel|pause)\//,
  ].map(({ source }) => source).join("|"),
);

/** When the youngest file below `paths` that goes into an image was changed, in milliseconds. */
export async function newestSource(paths: readonly string[]): Promise<number> {
  let newest = 0;
  for (const path of paths) {
    if (NOT_IN_IMAGE.test(`${path}/`) || NOT_IN_IMAGE.test(path)) continue;
    const info = await Deno.stat(path);
    const time = info.isDirectory
      ? await newestSource(
        (await Array.fromAsync(Deno.readDir(path))).map((e) => join(path, e.name)),
      )
      : info.mtime?.getTime() ?? 0;
    newest = Math.max(newest, time);
  }
  return newest;
}

/** When the first of `files` was made, in milliseconds; undefined when one is missing. */
export async function oldestOf(files: readonly string[]): Promise<number | undefined> {
  try {
    const times = await Promise.all(files.map(async (file) => (await Deno.stat(file)).mtime));
    return Math.min(...times.map((time) => time?.getTime() ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Those of the flags of `talosctl cluster create` that say which cluster is meant. */
export function clusterFlags(args: readonly string[]): string[] {
  const text = { type: "string" } as const;
  const options = { name: text, state: text };
  const { values } = parseArgs({ args: [...args], strict: false, options });
  return Object.entries(values).flatMap(([name, value]) =>
    Object.hasOwn(options, name) && typeof value === "string" ? [`--${name}=${value}`] : []
  );
}

/** Runs this checkout's talosctl and gives its exit code. */
export async function talosctl(
  args: readonly string[],
  { quiet = false }: { readonly quiet?: boolean } = {},
): Promise<number> {
  const stdio = quiet ? "null" : "inherit";
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", join(ROOT, "cmd", "talosctl", "main.ts"), ...args],
    stdin: "null",
    stdout: stdio,
    stderr: stdio,
  }).spawn().status;
  return code;
}
