/** Starts service processes: the group with its limits, the socket directory, then the program. */
import { UIDS } from "$lib/paths/mod.ts";
import type { LaunchedProcess, ProcessLauncher } from "$lib/service/mod.ts";
import { launch, type LaunchContext } from "$ffi/launcher.ts";
import { plainProcess } from "./launched.ts";
import { launchSpec, memoryLimitBytes, type ServiceRole, socketDirectory } from "./rights.ts";

/** Launches the node's own services with the rights that `rights.ts` lists. */
export function serviceLauncher(context: LaunchContext): ProcessLauncher<ServiceRole> {
  return {
    async launch(role): Promise<LaunchedProcess> {
      await prepareGroup(role);
      await prepareSocketDirectory(role);
      return plainProcess(await launch(context, launchSpec(role)));
    },
  };
}

/** A control group per service: its memory is bounded, and `stats` can tell what it uses. */
async function prepareGroup(role: ServiceRole): Promise<void> {
  const group = `/sys/fs/cgroup/system/${role}`;
  await Deno.mkdir(group, { recursive: true });
  await Deno.writeTextFile(`${group}/memory.max`, String(memoryLimitBytes(role)));
}

/** The directory of the service's socket is the service's own; those who call it are in its group. */
async function prepareSocketDirectory(role: ServiceRole): Promise<void> {
  const directory = socketDirectory(role);
  await Deno.mkdir(directory, { recursive: true });
  await Deno.chmod(directory, 0o750);
  await Deno.chown(directory, UIDS[role], UIDS[role]);
}
