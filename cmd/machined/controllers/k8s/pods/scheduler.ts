import type { KubernetesObject, SchedulerConfig } from "$lib/resources/mod.ts";
import { commandLine, type Flags, mergeFlags } from "./arguments.ts";
import { type PodVersions, secretPath, staticPod } from "./pod.ts";

/** Where it answers probes. */
const PORT = 10259;

/** Flags of kube-scheduler. */
export function schedulerFlags({ extraArgs }: SchedulerConfig): Flags {
  const kubeconfig = secretPath("kube-scheduler", "kubeconfig");
  return mergeFlags({
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": "127.0.0.1",
    "kubeconfig": kubeconfig,
    "leader-elect": "true",
    "profiling": "false",
    "secure-port": String(PORT),
  }, extraArgs);
}

/** The static pod of kube-scheduler. */
export function schedulerPod(config: SchedulerConfig, versions: PodVersions): KubernetesObject {
  return staticPod({
    component: "kube-scheduler",
    image: config.image,
    command: commandLine("/usr/local/bin/kube-scheduler", schedulerFlags(config)),
    versions,
    requests: { cpu: "10m", memory: "64Mi" },
    extraVolumes: config.extraVolumes,
    healthPort: PORT,
  });
}
