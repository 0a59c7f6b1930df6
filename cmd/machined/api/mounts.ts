import { parseMounts } from "$lib/procfs/mod.ts";
import type { MachineApi } from "./_impl.ts";
import type { ProcDeps } from "./statistics.ts";

/** Room in a filesystem, in bytes. */
export interface FilesystemRoom {
  readonly sizeBytes: number;
  readonly availableBytes: number;
}

/** How mounts are measured. */
export interface MountsDeps extends ProcDeps {
  /** The room in the filesystem under `path`; throws when it cannot be had. */
  readonly statfs: (path: string) => Promise<FilesystemRoom>;
}

/** Answers what is mounted; one that cannot be measured has sizes of 0 and does not hide the others. */
export function mountsApi({ readProc, statfs }: MountsDeps): MachineApi<"mounts"> {
  return {
    async mounts() {
      const entries = parseMounts(await readProc("self/mounts"));
      const stats = await Promise.all(entries.map(async ({ source, target }) => {
        const room = await measure(statfs, target);
        return {
          filesystem: source,
          mountedOn: target,
          size: BigInt(room.sizeBytes),
          available: BigInt(room.availableBytes),
        };
      }));
      return { messages: [{ stats }] };
    },
  };
}

async function measure(statfs: MountsDeps["statfs"], path: string): Promise<FilesystemRoom> {
  try {
    return await statfs(path);
  } catch {
    return { sizeBytes: 0, availableBytes: 0 };
  }
}
