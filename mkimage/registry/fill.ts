import type { BuiltImage } from "../oci/build.ts";
import { parseReference } from "../oci/reference.ts";
import type { RegistryClient } from "./client.ts";

/**
 * Pushes the images that a registry lacks or has otherwise. Each goes to the repository that it has in
 * its public registry, where a node looks when it takes this one as the mirror.
 */
export async function fillRegistry(
  client: RegistryClient,
  images: readonly BuiltImage[],
  say: (line: string) => void,
): Promise<void> {
  for (const { name, layout, manifest } of images) {
    const { repository, tag } = parseReference(name);
    if (await client.digestOf(repository, tag) === manifest.digest) continue;
    say(`${name}: pushing`);
    await client.push(layout, manifest, { repository, tag });
  }
}

/** The public registries that images come from, each once. */
export function hostsOf(images: readonly string[]): string[] {
  return [...new Set(images.map((name) => parseReference(name).host))].sort();
}
