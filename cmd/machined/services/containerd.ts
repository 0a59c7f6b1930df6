import { Containerd } from "$lib/containerd/mod.ts";
import { CONTAINERD_SOCKETS, REGISTRY_HOSTS_DIRECTORY } from "$lib/paths/mod.ts";
import {
  type LogStore,
  messageOf,
  type ProcessLauncher,
  processRunner,
  type Service,
  type ServiceHealthCheck,
} from "$lib/service/mod.ts";
import type { ConfigStore, RunningConfig } from "../config/store.ts";
import { writeRegistryHosts } from "../containers/registry_hosts.ts";
import type { ProgramSpec } from "../launch/program.ts";
import { HEALTH_TIMES } from "./health.ts";

/** What runs the daemons that are not ours. */
export interface ProgramRunner {
  readonly programs: ProcessLauncher<ProgramSpec>;
  readonly logs: LogStore;
}

const PROGRAM = "/bin/containerd";
/** Killed after the workload, before the node's own services. */
const OOM_SCORE_ADJ = -950;
/** The Go runtime gives memory back early: what it keeps, pods cannot have. */
const ENV = { GOGC: "50" } as const;

/** The containerd of the node's own: runs what must be there before /var is. */
export function containerdService({ programs, logs }: ProgramRunner): Service {
  const address = CONTAINERD_SOCKETS.system;
  const args = ["--address", address, "--state", "/system/run/containerd"];
  return {
    id: "containerd",
    run: processRunner({
      launcher: programs,
      spec: {
        path: PROGRAM,
        args: [...args, "--root", "/system/var/lib/containerd"],
        env: ENV,
        cgroup: "/system/containerd",
        oomScoreAdj: OOM_SCORE_ADJ,
      },
      name: PROGRAM,
      log: logs.writer("containerd"),
    }),
    health: { ...HEALTH_TIMES, check: containerdHealth(address) },
  };
}

/**
 * The containerd of Kubernetes: pods, and the node's containers that belong to it. How registries are
 * reached follows the configuration while it runs.
 */
export function criService(
  { programs, logs, config }: ProgramRunner & { readonly config: Pick<ConfigStore, "running"> },
): Service {
  const address = CONTAINERD_SOCKETS.cri;
  const log = logs.writer("cri");
  const writeHosts = async (running: RunningConfig | undefined) => {
    const registries = running?.config.machine.registries ?? {};
    await writeRegistryHosts(REGISTRY_HOSTS_DIRECTORY, registries, log);
  };
  const daemon = processRunner({
    launcher: programs,
    spec: {
      path: PROGRAM,
      args: ["--address", address, "--config", "/etc/cri/containerd.toml"],
      env: ENV,
      cgroup: "/podruntime/runtime",
      oomScoreAdj: OOM_SCORE_ADJ,
    },
    name: PROGRAM,
    log,
  });
  return {
    id: "cri",
    dependsOn: ["networkd"],
    prepare: () => writeHosts(config.running.value),
    async run(signal, report) {
      const over = new AbortController();
      const following = (async () => {
        const changes = config.running.watch(AbortSignal.any([signal, over.signal]));
        for await (const running of changes) await writeHosts(running);
      })().catch((error: unknown) => log(`Cannot write registry settings: ${messageOf(error)}`));
      try {
        await daemon(signal, report);
      } finally {
        over.abort();
        await following;
      }
    },
    health: { ...HEALTH_TIMES, check: containerdHealth(address) },
  };
}

/** Healthy while it answers a call. */
function containerdHealth(socket: string): ServiceHealthCheck["check"] {
  const containerd = new Containerd(socket, "system");
  return async (signal) => void await containerd.version.version({}, { signal });
}
