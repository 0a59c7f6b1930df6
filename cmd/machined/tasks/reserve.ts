/**
 * Room on /var that a full disk still has for the node. Pods cannot take it while they run; a boot gives it
 * back first, so that the writable layers can be mounted, etcd and the kubelet can write, and the kubelet
 * can remove what is too much. It is taken again by a boot that finds room enough.
 */
import { dirname } from "node:path/posix";
import { messageOf } from "$lib/service/mod.ts";
import { type FilesystemRoom, filesystemRoom } from "$ffi/statfs.ts";
import type { Task } from "../sequences/engine.ts";

/** What the room is for. */
interface ReserveDeps {
  readonly log: (line: string) => void;
  /** The file that takes the room. */
  readonly path?: string;
  readonly room?: (path: string) => Pick<FilesystemRoom, "type" | "availableBytes">;
}

const PATH = "/var/system/reserve";
const RESERVE_BYTES = 16 << 20;
/** Below that the disk is nearly full: whoever works on it needs the room more. */
const ENOUGH_BYTES = 8 * RESERVE_BYTES;
const CHUNK = new Uint8Array(1 << 20);
/** XFS's magic number, linux/magic.h. Where /var is memory, nothing is kept. */
const XFS_SUPER_MAGIC = 0x58465342;

/** Gives the room back. */
export function releaseReserve({ path = PATH }: Pick<ReserveDeps, "path"> = {}): Task {
  return { name: "releaseReserve", run: () => remove(path) };
}

/** Takes the room, if there is enough; no boot fails for want of it. */
export function takeReserve({ log, path = PATH, room = filesystemRoom }: ReserveDeps): Task {
  return {
    name: "takeReserve",
    async run() {
      const directory = dirname(path);
      try {
        await Deno.mkdir(directory, { recursive: true, mode: 0o755 });
        const { type, availableBytes } = room(directory);
        if (type !== XFS_SUPER_MAGIC) return;
        if (availableBytes >= ENOUGH_BYTES) return await fill(path);
        const left = Math.floor(availableBytes / 2 ** 20);
        log(
          `/var is nearly full, ${left} MiB are left: make room, or wipe it with ` +
            `"talosctl reset --system-labels-to-wipe EPHEMERAL"`,
        );
      } catch (error) {
        await remove(path).catch(() => {});
        log(`Cannot keep room on /var for the node: ${messageOf(error)}`);
      }
    },
  };
}

async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  for (let bytes = 0; bytes < RESERVE_BYTES;) bytes += await file.write(CHUNK);
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
