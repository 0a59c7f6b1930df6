/** The node's own services that are processes: listed beside its containers, which they once were. */
import { CONTAINERD_NAMESPACES } from "$lib/paths/mod.ts";
import type { ContainerEntry } from "./inventory.ts";

const SIGTERM = 15;

/** What listing them needs. */
export interface ServiceProcesses {
  /** The services, with the directory of each one's control group. */
  readonly groups: Readonly<Record<string, string>>;
  /** Name of what runs in them. */
  readonly image: string;
  /** Sends a signal; `$ffi/process.ts` fits it. */
  readonly kill: (pid: number, signal: number) => void;
}

/** Those that run now. */
export async function serviceProcesses(
  { groups, image, kill }: ServiceProcesses,
): Promise<ContainerEntry[]> {
  const entries: ContainerEntry[] = [];
  for (const [id, group] of Object.entries(groups)) {
    const pids = await Deno.readTextFile(`${group}/cgroup.procs`).catch(() => "");
    const pid = Number(pids.split("\n")[0]);
    if (pid === 0) continue;
    entries.push({
      namespace: CONTAINERD_NAMESPACES.system,
      id,
      podId: id,
      name: id,
      image,
      pid,
      status: "RUNNING",
      terminate: async () => kill(pid, SIGTERM),
    });
  }
  return entries;
}
