import type { ControllerManagerConfig, KubernetesObject } from "$lib/resources/mod.ts";
import { commandLine, type Flags, mergeFlags } from "./arguments.ts";
import { type PodVersions, secretPath, staticPod } from "./pod.ts";

/** Where it answers probes. */
const PORT = 10257;

/** Flags of kube-controller-manager. */
export function controllerManagerFlags(config: ControllerManagerConfig): Flags {
  const file = (name: string) => secretPath("kube-controller-manager", name);
  const kubeconfig = file("kubeconfig");
  return mergeFlags({
    "allocate-node-cidrs": "true",
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": "127.0.0.1",
    "cluster-cidr": config.podCIDR,
    "cluster-signing-cert-file": file("ca.crt"),
    "cluster-signing-key-file": file("ca.key"),
    "configure-cloud-routes": "false",
    "controllers": "*,tokencleaner",
    "kubeconfig": kubeconfig,
    "leader-elect": "true",
    "profiling": "false",
    "root-ca-file": file("ca.crt"),
    "secure-port": String(PORT),
    "service-account-private-key-file": file("service-account.key"),
    "service-cluster-ip-range": config.serviceCIDR,
    "use-service-account-credentials": "true",
  }, config.extraArgs);
}

/** The static pod of kube-controller-manager. */
export function controllerManagerPod(
  config: ControllerManagerConfig,
  versions: PodVersions,
): KubernetesObject {
  return staticPod({
    component: "kube-controller-manager",
    image: config.image,
    command: commandLine(
      "/usr/local/bin/kube-controller-manager",
      controllerManagerFlags(config),
    ),
    versions,
    requests: { cpu: "50m", memory: "256Mi" },
    extraVolumes: config.extraVolumes,
    healthPort: PORT,
  });
}
