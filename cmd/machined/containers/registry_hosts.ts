/** The files by which both containerds find registries. */
import { dirname } from "node:path/posix";
import { type Registries, registryHosts } from "$lib/containerd/mod.ts";

/** Writes the files for `registries` in place of those in `directory`; says what cannot be done. */
export async function writeRegistryHosts(
  directory: string,
  registries: Registries,
  log: (line: string) => void,
): Promise<void> {
  const { files, faults } = registryHosts(registries, directory);
  for (const fault of faults) log(fault);
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const written = new Set(files.map(({ path }) => path));
  for (const { path, text } of files) {
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Read at each pull: never half a file.
    await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
    await Deno.rename(`${path}.new`, path);
  }
  for await (const { name } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (!written.has(`${path}/hosts.toml`)) await Deno.remove(path, { recursive: true });
  }
}
