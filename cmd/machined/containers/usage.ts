/** What a container uses, from its control group. */

/** Memory in bytes, processor time in nanoseconds since its start. */
export interface Usage {
  readonly memoryBytes: bigint;
  readonly cpuNs: bigint;
}

/** Where the kernel tells it; elsewhere in tests. */
export interface UsagePaths {
  readonly proc: string;
  readonly cgroups: string;
}

const PATHS: UsagePaths = { proc: "/proc", cgroups: "/sys/fs/cgroup" };

/** What the group of process `pid` uses; undefined when the process is gone. */
export async function usageOf(pid: number, paths: UsagePaths = PATHS): Promise<Usage | undefined> {
  try {
    const group = /^0::(.*)$/m.exec(await Deno.readTextFile(`${paths.proc}/${pid}/cgroup`))?.[1];
    if (group === undefined) return undefined;
    const read = (file: string) => Deno.readTextFile(`${paths.cgroups}${group}/${file}`);
    const [memory, cpu] = await Promise.all([read("memory.current"), read("cpu.stat")]);
    const micros = /^usage_usec (\d+)$/m.exec(cpu)?.[1] ?? "0";
    return { memoryBytes: BigInt(memory.trim()), cpuNs: BigInt(micros) * 1000n };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
