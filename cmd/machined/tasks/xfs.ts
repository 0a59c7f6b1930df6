/** Making filesystems. */
import { formatNoted, openMedium } from "$lib/disk/mod.ts";
import type { ProcessLauncher } from "$lib/service/mod.ts";
import { type ProgramSpec, runProgram } from "../launch/program.ts";
import type { VarDeps } from "./var.ts";

/** How long a filesystem may take to be made on a large, slow disk, milliseconds. */
const MKFS_MS = 10 * 60_000;
/** What mkfs.xfs makes unless told, and what a size has to be a multiple of. */
const XFS_BLOCK_BYTES = 4096;

/** Makes XFS so that a power cut leaves a device that says what was under way. */
export function formatXfs(programs: ProcessLauncher<ProgramSpec>): VarDeps["format"] {
  return async ({ name, sizeBytes, unfinished }, label, signal) => {
    await using device = await openMedium(`/dev/${name}`, { writable: true, sizeBytes });
    await formatNoted(device, label, (bytes) => {
      const args = mkfsArguments(device.name, { label, bytes, anew: unfinished !== undefined });
      const spec = { path: "/sbin/mkfs.xfs", args };
      const late = AbortSignal.timeout(MKFS_MS);
      return runProgram(programs, spec, AbortSignal.any([signal, late]));
    });
  };
}

/** What is to be made, and whether in place of half a filesystem. */
export interface XfsPlan {
  readonly label: string;
  readonly bytes: number;
  readonly anew: boolean;
}

/** Arguments of mkfs.xfs, which on its own refuses a device that holds anything. */
export function mkfsArguments(device: string, { label, bytes, anew }: XfsPlan): string[] {
  return [
    // "Unsupported" is what it calls anything below 300 MB, such as STATE. It is not to discard what is on
    // the device (-K): there is nothing but the note that formatting is under way.
    ...["-q", "--unsupported", "-K", ...(anew ? ["-f"] : [])],
    ...["-L", label, "-d", `size=${bytes - bytes % XFS_BLOCK_BYTES}`, device],
  ];
}
