/** Who else is there. */

/** User processes besides PID 1; kernel threads (no executable image) do not count. */
export function otherProcesses(): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name) || name === "1") continue;
    try {
      if (Deno.readTextFileSync(`/proc/${name}/cmdline`) !== "") count++;
    } catch {
      // It ended while we looked.
    }
  }
  return count;
}
