/** machined's own log: the kernel log, which consoles show, and the buffer behind `logs machined`. */
import type { LogStore } from "$lib/service/mod.ts";

/** The id under which `talosctl logs` finds these lines. */
export const MACHINED_LOG = "machined";
/** A record of the kernel log holds at most about a kilobyte. */
const MAX_RECORD = 900;

/** Writes lines to both places; `record` takes one record of the kernel log and may throw. */
export function machineLog(
  logs: LogStore,
  record: (text: string) => void,
): (line: string) => void {
  const append = logs.writer(MACHINED_LOG);
  return (line) => {
    append(`${new Date().toISOString()} ${line}`);
    try {
      record(`[talos] ${line.slice(0, MAX_RECORD)}`);
    } catch {
      // The kernel log may refuse (rate limit, no /dev yet); the buffer has the line.
    }
  };
}
