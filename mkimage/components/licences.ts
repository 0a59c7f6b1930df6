import { basename, dirname, join } from "node:path";
import type { GoTool } from "../go.ts";
import { run, type RunOptions } from "../run.ts";
import type { GoModule } from "./go_mod.ts";

const LICENCE_FILE = /^(licen[cs]e|copying|notice|copyright)/i;

/** Copies the licences of Go modules, and of Go itself, into a folder each below `directory`. */
export async function goLicences(
  modules: readonly GoModule[],
  directory: string,
  go: GoTool,
  options: RunOptions,
): Promise<void> {
  // A stand-in of ours has no version; it is under our own licence.
  const paths = modules.filter(({ version }) => version.startsWith("v")).map(({ path }) => path);
  const format = "{{.Path}}\t{{with .Replace}}{{.Version}}{{else}}{{.Version}}{{end}}\t{{.Dir}}";
  const text = await run(go.path, ["list", "-m", "-f", format, ...paths], options);
  for (const line of text.trim().split("\n")) {
    const [path, version, from] = line.split("\t");
    if (path && from) await copyLicences(from, join(directory, `${path}@${version}`));
  }
  const root = (await run(go.path, ["env", "GOROOT"], options)).trim();
  await copyLicences(root, join(directory, `std@${go.version.replace(/^go/, "")}`));
}

/** Copies licences of this host's packages, each into a folder of the package's name. */
export async function hostLicences(files: readonly string[], directory: string): Promise<void> {
  for (const file of files) {
    const target = join(directory, basename(dirname(file)));
    await Deno.mkdir(target, { recursive: true });
    await Deno.copyFile(file, join(target, "copyright"));
  }
}

/** Copies the files of a module's root whose name says licence; a module without one is an error. */
async function copyLicences(from: string, target: string): Promise<void> {
  const files = (await Array.fromAsync(Deno.readDir(from))).filter(({ name, isFile }) =>
    isFile && LICENCE_FILE.test(name)
  );
  if (files.length === 0) throw new Error(`Cannot keep the licence of "${from}": it has none`);
  await Deno.mkdir(target, { recursive: true });
  for (const { name } of files) {
    // The module cache is read-only; our copy must be removable.
    await Deno.writeFile(join(target, name), await Deno.readFile(join(from, name)));
  }
}
