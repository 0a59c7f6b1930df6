import { createHash } from "node:crypto";
import { writeFileDurable } from "$ffi/sync.ts";
import { decodePem } from "$lib/pki/mod.ts";
import type { DataDirectory } from "./data_directory.ts";

/**
 * Makes sure that what a member left on disk is of this cluster: beside the data stands by which
 * authorities it was written. etcd itself would go on with another cluster's data, and an API server
 * that cannot decrypt them would be the first to notice. An authority may be replaced while the old
 * one is still in the bundle.
 *
 * @throws {Error} when no authority is both of the data's and in `ca`
 */
export async function checkOrigin(
  data: Pick<DataDirectory, "path" | "holdsMember">,
  ca: string,
): Promise<void> {
  const file = `${data.path}.origin`;
  const own = authoritiesOf(ca);
  const known = await data.holdsMember() ? await linesOf(file) : [];
  if (known.length > 0 && !known.some((line) => own.includes(line))) {
    throw new Error(
      `${data.path} holds the data of another cluster, written under another cluster.etcd.ca: give the ` +
        "machine the configuration of that cluster again, or wipe the data with " +
        '"talosctl reset --system-labels-to-wipe EPHEMERAL"',
    );
  }
  if (known.join() === own.join()) return;
  await writeFileDurable(file, own.map((line) => `${line}\n`).join(""));
}

/** Authorities of a bundle, each by its fingerprint. */
export function authoritiesOf(ca: string): string[] {
  return decodePem(ca).map(({ der }) => createHash("sha256").update(der).digest("hex"));
}

/** The lines of a file; none when it is not there. */
export async function linesOf(file: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
