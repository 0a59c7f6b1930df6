/** The value below which `share` of the samples lie. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** Memory of this process: what is its own, and what it shares with files. */
export async function machineBytes(): Promise<Record<string, number>> {
  const status = await Deno.readTextFile("/proc/self/status");
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? NaN) * 1024;
  return {
    rssBytes: field("VmRSS"),
    anonymousBytes: field("RssAnon"),
    heapBytes: Deno.memoryUsage().heapUsed,
  };
}
