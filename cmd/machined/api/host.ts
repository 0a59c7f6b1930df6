import { readdir, readFile, readlink } from "node:fs/promises";
import type { BlockingCalls } from "./files/blocking.ts";
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
