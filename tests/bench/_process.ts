/** Milliseconds in a clock tick of /proc/PID/stat: 100 a second. */
const TICK_MS = 10;

/** Milliseconds of user and system time that a process has used. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Memory of a process: its own, and its share of what it has in common with others. */
export interface Memory {
  readonly anonymousKb: number;
  readonly pssKb: number;
}

/** Reads the text of a smaps_rollup. */
export function memoryOf(rollup: string): Memory {
  const kb = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1]);
  return { anonymousKb: kb("Anonymous"), pssKb: kb("Pss") };
}

/** Prints one JSON line. */
export function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}
