import { readdir, readFile, readlink, statfs } from "node:fs/promises";
import type { BlockingCalls } from "./files/blocking.ts";
import type { MountsDeps } from "./mounts.ts";
import type { ProcessesDeps } from "./processes.ts";

/** /proc of this machine, each read with a deadline: the files of a stuck process may not answer. */
export function hostProc(calls: BlockingCalls, root = "/proc"): ProcessesDeps {
  const run = <T>(path: string, read: (path: string) => Promise<T>): Promise<T> =>
    calls.run(`read "${root}/${path}"`, () => read(`${root}/${path}`));
  return {
    readProc: (path) => run(path, (file) => readFile(file, "utf8")),
    readProcLink: (path) => run(path, (file) => readlink(file)),
    listProc: () => run("", (directory) => readdir(directory)),
  };
}

/** The room in filesystems of this machine, off the main thread: one that hangs must not stop it. */
export function hostStatfs(calls: BlockingCalls): MountsDeps["statfs"] {
  return async (path) => {
    const room = await calls.run(`measure "${path}"`, () => statfs(path));
    return { sizeBytes: room.blocks * room.bsize, availableBytes: room.bavail * room.bsize };
  };
}
