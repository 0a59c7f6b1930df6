/**
 * Brings writes to the disk, and replaces files so that a crash leaves the old or the new one.
 *
 * @module
 */
import { dirname, join } from "node:path/posix";
import { libc } from "./libc.ts";

const c = libc({
  // void sync(void)
  sync: { parameters: [], result: "void" },
});

/** How the names of files begin that `writeFileDurable` has not finished. */
export const TEMPORARY = ".tmp-";

/** Writes everything that any filesystem holds back; errors do not show. */
export function sync(): void {
  c.symbols.sync();
}

/**
 * Replaces the file at `path`: after a crash at any moment it holds the old bytes or the new ones,
 * and the new ones once this is done. The temporary file lies beside it, so readers of the directory
 * skip names that start with `TEMPORARY`. The thread goes on while the disk works.
 * @throws {Error} of the step that failed; then the old file stands.
 */
export async function writeFileDurable(
  path: string,
  bytes: Uint8Array | string,
  mode = 0o600,
): Promise<void> {
  const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const directory = dirname(path);
  const temporary = join(directory, `${TEMPORARY}${crypto.randomUUID()}`);
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
    // umask takes bits from open(2)'s mode, not from chmod's.
    await Deno.chmod(temporary, mode);
    for (let done = 0; done < data.length;) done += await file.write(data.subarray(done));
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (error) {
    // Where it cannot be removed it was not made yet, or the disk is gone: the first error tells more.
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
  using entries = await Deno.open(directory);
  await entries.sync();
}
