import type { Stats } from "node:fs";
import { ListRequest_Type } from "$proto/machine/machine_pb.ts";
import type { MachineApi } from "./_impl.ts";
import { goFileMode } from "./files/go_mode.ts";
import { walk, type WalkEntry } from "./files/walk.ts";
import type { FilesDeps } from "./read.ts";

/** Streams what is in a directory, or below it when asked to recurse. */
export function listApi({ calls }: FilesDeps): MachineApi<"list"> {
  return {
    async *list({ root, recurse, recursionDepth, types }, { signal }) {
      for await (const entry of walk(root, { calls, signal, ...depth(recurse, recursionDepth) })) {
        if (!entry.leaving && isWanted(entry.stats, types)) yield fileInfo(entry);
      }
    },
  };
}

/** Not recursing is one level; recursing without a depth is all levels. */
function depth(recurse: boolean, recursionDepth: number): { maxDepth?: number } {
  if (!recurse) return { maxDepth: 1 };
  return recursionDepth > 0 ? { maxDepth: recursionDepth } : {};
}

/** An entry that could not be looked at is always wanted: it carries an error. */
function isWanted(stats: Stats | undefined, types: readonly ListRequest_Type[]): boolean {
  if (!stats || types.length === 0) return true;
  return types.some((type) => {
    if (type === ListRequest_Type.DIRECTORY) return stats.isDirectory();
    if (type === ListRequest_Type.SYMLINK) return stats.isSymbolicLink();
    return type === ListRequest_Type.REGULAR && stats.isFile();
  });
}

function fileInfo({ path, relative, stats, link = "", error = "" }: WalkEntry) {
  return {
    name: path,
    relativeName: relative,
    error,
    link,
    ...stats && {
      size: BigInt(stats.size),
      mode: goFileMode(stats.mode),
      modified: BigInt(Math.floor(stats.mtimeMs / 1000)),
      isDir: stats.isDirectory(),
    },
  };
}
