import { createHash } from "node:crypto";
import type { Part } from "$lib/image/mod.ts";

/** SHA-256 of bytes, lower-case hex. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** SHA-256 and size of a file, read as a stream. */
export async function hashFile(path: string): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  using file = await Deno.open(path);
  const buffer = new Uint8Array(1 << 20);
  for (;;) {
    const count = await file.read(buffer);
    if (count === null) break;
    hash.update(buffer.subarray(0, count));
    sizeBytes += count;
  }
  return { sha256: hash.digest("hex"), sizeBytes };
}

/** A file as a part of an image. */
export async function partOf(name: string, path: string): Promise<Part> {
  return { name, ...await hashFile(path) };
}
