import type { DiskUsageRequest } from "$proto/machine/machine_pb.ts";
import type { MachineApi } from "./_impl.ts";
import { errorText } from "./files/errors.ts";
import { walk, type WalkEntry } from "./files/walk.ts";
import type { FilesDeps } from "./read.ts";

/** Streams sizes, a directory's after its content; a path that is missing does not stop the others. */
export function diskUsageApi({ calls }: FilesDeps): MachineApi<"diskUsage"> {
  return {
    async *diskUsage(request, { signal }) {
      for (const path of request.paths) {
        try {
          yield* usage(walk(path, { calls, signal }), request);
        } catch (error) {
          yield { name: path, relativeName: path, error: errorText("measure", path, error) };
        }
      }
    },
  };
}

/** The sizes a caller wants of a walk: each entry adds its bytes to the directories it is in. */
async function* usage(entries: AsyncIterable<WalkEntry>, wanted: DiskUsageRequest) {
  const sizes: number[] = [];
  for await (const entry of entries) {
    const { path: name, relative: relativeName, depth, stats } = entry;
    if (!stats) {
      yield { name, relativeName, error: entry.error ?? "" };
      continue;
    }
    const isDir = stats.isDirectory();
    if (isDir && !entry.leaving) {
      sizes[depth] = stats.size;
      continue;
    }
    const size = isDir ? sizes[depth] ?? 0 : fileBytes(entry);
    if (depth > 0) sizes[depth - 1] = (sizes[depth - 1] ?? 0) + size;
    if (isShown({ size, depth, isDir }, wanted)) yield { name, relativeName, size: BigInt(size) };
  }
}

/** The size of kcore is that of the address space, not of anything stored. */
function fileBytes({ path, stats }: WalkEntry): number {
  return path === "/proc/kcore" ? 0 : Math.max(0, stats?.size ?? 0);
}

function isShown(
  { size, depth, isDir }: { size: number; depth: number; isDir: boolean },
  { recursionDepth, all, threshold }: DiskUsageRequest,
): boolean {
  if (recursionDepth > 0 && depth >= recursionDepth) return false;
  // The path that was asked for is shown also when it is a file.
  if (!isDir && !all && depth > 0) return false;
  if (threshold > 0n && size < threshold) return false;
  return !(threshold < 0n && size > -threshold);
}
