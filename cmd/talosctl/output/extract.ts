import { dirname, join, normalize, sep } from "node:path";
import { createTarDecoder } from "modern-tar";
import type { HostFiles } from "../host.ts";

/** The file calls that unpacking makes. */
export type ExtractFiles = Pick<HostFiles, "lstat" | "mkdir" | "open" | "realPath" | "symlink">;

/**
 * Unpacks a gzipped tar stream into `root`: directories, regular files and symbolic links; owners
 * and modes are not kept. @throws {Error} on an entry that would land outside of `root`.
 */
export async function extractTarGz(
  files: ExtractFiles,
  root: string,
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  const real = await files.realPath(root);
  const entries = ReadableStream.from(chunks)
    .pipeThrough(new DecompressionStream("gzip"))
    .pipeThrough(createTarDecoder());
  for await (const { header, body } of entries) {
    const path = insidePath(real, header.name);
    switch (header.type) {
      case "directory":
        await parentInside(files, real, path);
        await files.mkdir(path, { recursive: true });
        await body.cancel();
        break;
      case "file": {
        await parentInside(files, real, path);
        using file = await files.open(path, { write: true, createNew: true });
        for await (const chunk of body) await writeAll(file, chunk);
        break;
      }
      case "symlink":
        await parentInside(files, real, path);
        await files.symlink(header.linkname ?? "", path);
        await body.cancel();
        break;
      default:
        // Devices, sockets and the like mean nothing on this machine.
        await body.cancel();
    }
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}

/** Where an entry of an archive lands under `root`. @throws {Error} when that is outside. */
export function insidePath(root: string, name: string): string {
  const path = normalize(join(root, name));
  if (path === root || path.startsWith(root + sep)) return path;
  throw new Error(`Cannot extract "${name}": it lies outside of the target directory`);
}

/** Makes the directory above `path`; a link on the way must not lead out of `root`. */
async function parentInside(files: ExtractFiles, root: string, path: string): Promise<void> {
  if (path === root) return;
  const parent = dirname(path);
  await files.mkdir(parent, { recursive: true });
  const real = await files.realPath(parent);
  if (real !== root && !real.startsWith(root + sep)) {
    throw new Error(`Cannot extract "${path}": a link leads out of the target directory`);
  }
}
