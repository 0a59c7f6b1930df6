import { type Manifest, parseManifest } from "$lib/image/mod.ts";
import { DIST } from "./node.ts";

/** The manifest of the built image. */
export async function builtManifest(): Promise<Manifest> {
  return parseManifest(await Deno.readTextFile(`${DIST}manifest.json`));
}
