/** Limits of this process and, by inheritance, of every service. */
import type { Task } from "../sequences/engine.ts";

/** What the task needs of the kernel; `$ffi/rlimit.ts` fits it. */
export interface Limiter {
  setOpenFiles(limit: number): void;
}

const OPEN_FILES = 1_048_576;

/** Raises the number of files a process may have open. */
export function setResourceLimits(deps: { limiter: Limiter }): Task {
  return { name: "setRLimit", run: () => deps.limiter.setOpenFiles(OPEN_FILES) };
}
