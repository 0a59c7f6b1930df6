import type { Stats } from "node:fs";
import { Code, ConnectError } from "@connectrpc/connect";
import { createTarPacker, type TarPackController } from "modern-tar";
import type { MachineApi } from "./_impl.ts";
import { errorText } from "./files/errors.ts";
import { mountTable, openRegular } from "./files/file.ts";
import type { MountInfo } from "$lib/procfs/mod.ts";
import { walk, type WalkEntry } from "./files/walk.ts";
import type { FilesDeps } from "./read.ts";

/** Archives made at a time: each may hold some megabytes while its caller is slow. */
export const MAX_COPIES = 4;
/** A file of a filesystem without sizes is read whole first; a longer one is left out. */
const MAX_UNSIZED_BYTES = 1024 * 1024;
/** What could not be copied is told up to so many entries. */
const MAX_FAULTS = 100;

/** Streams a file or directory as tar.gz; what could not be read is told in the last message. */
export function copyApi({ calls }: FilesDeps): MachineApi<"copy"> {
  let copies = 0;
  return {
    async *copy({ rootPath }, { signal }) {
      if (copies >= MAX_COPIES) {
        const state = `${MAX_COPIES} copies are under way`;
        throw new ConnectError(`Cannot copy "${rootPath}": ${state}`, Code.ResourceExhausted);
      }
      copies++;
      const over = new AbortController();
      const stop = AbortSignal.any([signal, over.signal]);
      const entries = walk(rootPath, { calls, signal: stop });
      const faults: string[] = [];
      try {
        // The first entry is asked for here, so that a bad root is an error and not an empty archive.
        const first = await entries.next();
        if (first.done) return;
        const { readable, controller } = createTarPacker();
        const mounts = await mountTable(calls);
        const packing = pack({ calls, mounts, controller, first: first.value, entries, faults });
        packing.catch((error) => controller.error(error));
        stop.addEventListener("abort", () => controller.error(stop.reason));
        for await (const bytes of readable.pipeThrough(new CompressionStream("gzip"))) {
          yield { bytes };
        }
        await packing;
        for (const error of faults) yield { metadata: { error } };
      } finally {
        over.abort();
        copies--;
      }
    },
  };
}

interface Packing extends FilesDeps {
  readonly mounts: readonly MountInfo[];
  readonly controller: TarPackController;
  readonly first: WalkEntry;
  readonly entries: AsyncIterable<WalkEntry>;
  readonly faults: string[];
}

async function pack({ first, entries, faults, ...packing }: Packing): Promise<void> {
  const note = (error: string) => {
    if (faults.length < MAX_FAULTS) faults.push(error);
  };
  const add = async (entry: WalkEntry) => {
    if (entry.leaving) return;
    if (entry.error) return note(entry.error);
    await packEntry({ ...packing, entry, note });
  };
  await add(first);
  for await (const entry of entries) await add(entry);
  packing.controller.finalize();
}

interface EntryPacking extends FilesDeps {
  readonly mounts: readonly MountInfo[];
  readonly controller: TarPackController;
  readonly entry: WalkEntry;
  readonly note: (error: string) => void;
}

/** Adds a directory, link or regular file; anything else has no content to copy and is left out. */
async function packEntry(packing: EntryPacking): Promise<void> {
  const { controller, entry: { stats, relative, link } } = packing;
  if (!stats || relative === ".") return;
  const { uid, gid } = stats;
  const header = { mode: stats.mode & 0o7777, uid, gid, mtime: new Date(stats.mtimeMs) };
  if (stats.isDirectory()) {
    await controller.add({ ...header, name: `${relative}/`, type: "directory", size: 0 }).close();
  } else if (stats.isSymbolicLink()) {
    const linkname = link ?? "";
    await controller.add({ ...header, name: relative, type: "symlink", size: 0, linkname }).close();
  } else if (stats.isFile()) {
    await packFile(packing, stats, { ...header, name: relative, type: "file" });
  }
}

async function packFile(
  { calls, mounts, controller, entry: { path }, note }: EntryPacking,
  stats: Stats,
  header: Omit<Parameters<TarPackController["add"]>[0], "size">,
): Promise<void> {
  try {
    const file = await openRegular(calls, path, { stats, mounts });
    try {
      const whole = file.unsized ? await readWhole(path, file.chunks()) : undefined;
      const size = whole?.length ?? file.stats.size;
      const writer = controller.add({ ...header, size }).getWriter();
      const fault = await fill(writer, size, whole ? [whole] : file.chunks());
      if (fault) note(`Cannot copy all of "${path}": ${errorText("read", path, fault)}`);
    } finally {
      file.close();
    }
  } catch (error) {
    note(errorText("copy", path, error));
  }
}

async function readWhole(path: string, chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_UNSIZED_BYTES) {
      const state = `it has no size and more than ${MAX_UNSIZED_BYTES} bytes`;
      throw new ConnectError(`Cannot copy "${path}": ${state}`, Code.OutOfRange);
    }
    parts.push(chunk);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/**
 * Writes exactly `size` bytes, the header has promised them: a file that grew is cut, one that shrank
 * or fails is filled with zeros. Gives what went wrong, if anything did.
 */
async function fill(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  size: number,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<unknown> {
  let left = size;
  let fault: unknown;
  const source = Symbol.asyncIterator in chunks ? chunks : ReadableStream.from(chunks);
  try {
    for await (const chunk of source) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      await writer.write(part);
      if (left === 0) break;
    }
    if (left > 0) fault = new Error(`it became ${left} bytes shorter`);
  } catch (error) {
    fault = error;
  }
  for (; left > 0; left -= Math.min(left, 65_536)) {
    await writer.write(new Uint8Array(Math.min(left, 65_536)));
  }
  await writer.close();
  return fault;
}
