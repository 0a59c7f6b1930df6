import { join } from "node:path";
import { sha256 } from "./hash.ts";
import { run } from "./run.ts";

/** As zstd(); results are kept under `cache` by content: most of an initramfs is compressed once. */
export async function zstdCached(
  bytes: Uint8Array,
  level: number,
  cache: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const directory = join(cache, "zstd");
  await Deno.mkdir(directory, { recursive: true });
  const path = join(directory, `${sha256(bytes)}-${level}.zst`);
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const compressed = await zstd(bytes, level);
  const temporary = await Deno.makeTempFile({ dir: directory, prefix: ".zstd-" });
  await Deno.writeFile(temporary, compressed);
  await Deno.rename(temporary, path);
  return compressed;
}

/** Compresses bytes with all cores; the result does not depend on their number. */
export async function zstd(bytes: Uint8Array, level: number): Promise<Uint8Array<ArrayBuffer>> {
  const directory = await Deno.makeTempDir({ prefix: "mkimage-zstd-" });
  try {
    await Deno.writeFile(join(directory, "in"), bytes);
    const [from, to] = ["in", "out"].map((name) => join(directory, name));
    await run("zstd", [`-${level}`, "-T0", "-q", "-o", to!, from!]);
    return await Deno.readFile(to!);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Decompresses one or more frames. @throws {ProgramError} when they are damaged. */
export async function unzstd(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const directory = await Deno.makeTempDir({ prefix: "mkimage-unzstd-" });
  try {
    await Deno.writeFile(join(directory, "in"), bytes);
    await run("zstd", ["-d", "-q", "-o", join(directory, "out"), join(directory, "in")]);
    return await Deno.readFile(join(directory, "out"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
