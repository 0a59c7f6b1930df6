import { join } from "node:path";
import { hashFile } from "./hash.ts";
import type { Locked } from "./lock.ts";

/** An archive that packages come from: it puts one package's file of one version into a directory. */
export interface Archive {
  /** Short name, also the cache's folder: `debian`, `npm`, `pypi`. */
  readonly name: "debian" | "npm" | "pypi";
  /** Downloads into `directory`; gives the file's name. @throws {Vanished} when the version is gone. */
  download(name: string, version: string, directory: string): Promise<string>;
}

/** The archive no longer has this version. */
export class Vanished extends Error {
  override name = "Vanished";
  constructor(name: string, version: string, options?: ErrorOptions) {
    super(
      `Cannot fetch ${name} ${version}: the archive no longer has this version; ` +
        `run with --update-lock to resolve anew`,
      options,
    );
  }
}

/**
 * The file of a locked package: from the cache, or downloaded and checked first.
 * @throws {Error} when the bytes are not those the lock names.
 */
export async function fetchLocked(
  archive: Archive,
  name: string,
  locked: Locked,
  cache: string,
): Promise<string> {
  const directory = join(cache, archive.name);
  const path = join(directory, cacheName(name, locked));
  if (await hashesTo(path, locked.sha256)) return path;
  await Deno.mkdir(directory, { recursive: true });
  // Downloads of several builds at once must not see each other's halves.
  const temporary = await Deno.makeTempDir({ dir: directory, prefix: ".fetch-" });
  try {
    const file = join(temporary, await archive.download(name, locked.version, temporary));
    const { sha256 } = await hashFile(file);
    if (sha256 !== locked.sha256) {
      throw new Error(
        `Cannot use ${name} ${locked.version}: its SHA-256 is ${sha256}, the lock says ${locked.sha256}`,
      );
    }
    await Deno.rename(file, path);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
  return path;
}

/** A file name that holds package, version and hash, so that no stale file is ever taken. */
export function cacheName(name: string, locked: Locked): string {
  const plain = `${name}_${locked.version}`.replace(/[^A-Za-z0-9._+-]/g, "_");
  return `${plain}_${locked.sha256.slice(0, 16)}`;
}

async function hashesTo(path: string, sha256: string): Promise<boolean> {
  try {
    return (await hashFile(path)).sha256 === sha256;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
