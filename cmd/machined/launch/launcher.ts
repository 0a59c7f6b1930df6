/** Starts service processes: the group with its limits, the socket directory, then the program. */
import { UIDS } from "$lib/paths/mod.ts";
import type { LaunchedProcess, ProcessLauncher } from "$lib/service/mod.ts";
import { launch, type LaunchContext } from "$ffi/launcher.ts";
import { launchSpec, memoryLimitBytes, type ServiceRole, socketDirectory } from "./rights.ts";

/** Numbers of the signals that a runner sends. */
const SIGNALS = { SIGTERM: 15, SIGKILL: 9 } as const;
/** Names of the signals that end processes most. */
const SIGNAL_NAMES: Readonly<Record<number, string>> = {
  6: "SIGABRT",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};

/** Launches the node's own services with the rights that `rights.ts` lists. */
export function serviceLauncher(context: LaunchContext): ProcessLauncher<ServiceRole> {
  return {
    async launch(role): Promise<LaunchedProcess> {
      await prepareGroup(role);
      await prepareSocketDirectory(role);
      const child = await launch(context, launchSpec(role));
      return {
        pid: child.pid,
        stdin: child.stdin as WritableStream<Uint8Array>,
        stdout: child.stdout,
        stderr: child.stderr,
        status: child.status.then(({ code, signal }) => ({
          code,
          signal: signal === undefined ? null : SIGNAL_NAMES[signal] ?? `signal ${signal}`,
        })),
        kill: (signal) => void child.kill(SIGNALS[signal]),
      };
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
