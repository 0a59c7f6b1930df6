/** Making filesystems. */
import type { ProcessLauncher } from "$lib/service/mod.ts";
import { type ProgramSpec, runProgram } from "../launch/program.ts";
import type { VarDeps } from "./var.ts";

/** How long a filesystem may take to be made on a large, slow disk, milliseconds. */
const MKFS_MS = 10 * 60_000;

/** Makes XFS by mkfs.xfs, which on its own refuses a device that holds anything. */
export function makeXfs(programs: ProcessLauncher<ProgramSpec>): VarDeps["makeXfs"] {
  return async (device, label, signal) => {
    const late = AbortSignal.timeout(MKFS_MS);
    // "Unsupported" is what it calls anything below 300 MB, such as STATE.
    const args = ["-q", "--unsupported", "-L", label, device];
    const spec = { path: "/sbin/mkfs.xfs", args };
    await runProgram(programs, spec, AbortSignal.any([signal, late]));
  };
}
