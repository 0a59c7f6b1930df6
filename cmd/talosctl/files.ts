import { dirname } from "node:path";
import type { HostFiles } from "./host.ts";

/** Mode of everything that holds a key or a token. */
export const SECRET = 0o600;

/**
 * Writes a file whole or not at all, with exactly `mode`, also where a file with another mode was.
 * @throws {Error} that names the path.
 */
export async function writeWhole(
  files: HostFiles,
  path: string,
  data: string | Uint8Array,
  mode: number,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}`;
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  try {
    await files.mkdir(dirname(path), { recursive: true });
    {
      using file = await files.open(temporary, { write: true, createNew: true, mode });
      for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
      await file.sync();
    }
    await files.rename(temporary, path);
  } catch (cause) {
    await files.remove(temporary).catch(() => {});
    throw new Error(`Cannot write "${path}": ${fileReason(cause)}`, { cause });
  }
}

/** The text of a file that has to be there. @throws {Error} that names the path. */
export async function readText(files: HostFiles, path: string): Promise<string> {
  try {
    return await files.readTextFile(path);
  } catch (cause) {
    throw new Error(`Cannot read "${path}": ${fileReason(cause)}`, { cause });
  }
}

/** Bytes that are read of a file, or sent, at once. */
const CHUNK_BYTES = 64 * 1024;

/** The bytes of a file, piece by piece. @throws {Error} that names the path. */
export async function* fileChunks(files: HostFiles, path: string): AsyncGenerator<Uint8Array> {
  try {
    using file = await files.open(path);
    for (;;) {
      const buffer = new Uint8Array(CHUNK_BYTES);
      const count = await file.read(buffer);
      if (count === null) return;
      yield buffer.subarray(0, count);
    }
  } catch (cause) {
    throw new Error(`Cannot read "${path}": ${fileReason(cause)}`, { cause });
  }
}

/** What is at `path`, links followed; undefined when there is nothing. */
export async function statIfPresent(
  files: HostFiles,
  path: string,
): Promise<Deno.FileInfo | undefined> {
  try {
    return await files.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Why a file operation failed, with the remedy where one is known. */
export function fileReason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file or directory";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  const text = error instanceof Error ? error.message : String(error);
  if (/ENOSPC|os error 28/i.test(text)) return "the disk is full: free some space and try again";
  return text.replace(/ \(os error \d+\).*$/, "").toLowerCase();
}
