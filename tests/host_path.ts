import { delimiter, dirname, join } from "node:path";

const CACHE = new URL("../.cache/", import.meta.url).pathname;

/**
 * PATH for what the tests start: this very runtime first, then the Go that `setup` unpacked where the
 * host's was absent or too old.
 */
export async function hostPath(cache = CACHE): Promise<string> {
  const ours = [dirname(Deno.execPath())];
  try {
    for await (const { name } of Deno.readDir(cache)) {
      if (name.startsWith("go-")) ours.push(join(cache, name, "go", "bin"));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return [...ours, Deno.env.get("PATH") ?? ""].join(delimiter);
}
