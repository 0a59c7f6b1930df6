import {
  type Controller,
  type ControllerRuntime,
  exclusive,
  type Pass,
  weak,
} from "$lib/cosi/mod.ts";
import {
  type ApiServerConfig,
  type ControllerManagerConfig,
  type ControlPlaneConfigs,
  K8S_CERTS,
  KubernetesControlPlaneConfig,
  KubernetesSecrets,
  ROOT_K8S,
  type RootKubernetesSpec,
  RootSecrets,
  type SchedulerConfig,
  SecretStatus,
  Service,
  STATIC_POD_SECRETS,
  StaticPod,
} from "$lib/resources/mod.ts";
import type { SecureTarget } from "$lib/secure_http/mod.ts";
import { kubeTarget, localApiUrl } from "./access.ts";
import { apiServerPod } from "./pods/api_server.ts";
import { controllerManagerPod } from "./pods/controller_manager.ts";
import type { Component, PodVersions } from "./pods/pod.ts";
import { schedulerPod } from "./pods/scheduler.ts";

/** How often the API server is asked whether it is ready, milliseconds. */
const POLL_MS = 2_000;

/** Asks an API server whether it is ready; throws when it is not. */
export type AskReady = (target: SecureTarget, signal: AbortSignal) => Promise<void>;

/**
 * Keeps the StaticPods of the control plane: the API server once etcd is healthy, and those that need
 * the API server once it is ready, for they would only fail before. What is there once stays.
 */
export class ControlPlaneStaticPodController implements Controller {
  readonly name = "k8s.ControlPlaneStaticPodController";
  readonly inputs = [
    weak(KubernetesControlPlaneConfig),
    weak(SecretStatus, STATIC_POD_SECRETS),
    weak(Service, "etcd"),
    weak(RootSecrets, ROOT_K8S),
    weak(KubernetesSecrets, K8S_CERTS),
  ];
  readonly outputs = [exclusive(StaticPod)];

  constructor(readonly deps: { askReady: AskReady }) {}

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const secrets = await pass.find(SecretStatus, STATIC_POD_SECRETS);
      if (!secrets?.ready) continue;
      const there = new Set((await pass.list(StaticPod)).map(({ metadata }) => metadata.id));
      const etcd = await pass.find(Service, "etcd");
      if (!there.has("kube-apiserver") && !etcd?.healthy) continue;
      const apiServer = await this.#put(pass, "kube-apiserver", secrets.version);
      if (!apiServer) continue;
      const released = there.has("kube-scheduler") ||
        await this.#isReady(pass, apiServer as ApiServerConfig, rt.signal);
      if (!released) {
        pass.again(POLL_MS);
        continue;
      }
      await this.#put(pass, "kube-controller-manager", secrets.version);
      await this.#put(pass, "kube-scheduler", secrets.version);
    }
  }

  /** Puts the pod of a component and gives the settings that it was made from, if there are any. */
  async #put(pass: Pass, component: Component, secrets: string) {
    const config = await pass.resource(KubernetesControlPlaneConfig, component);
    if (config?.metadata.phase !== "running") return undefined;
    const versions = { config: String(config.metadata.version), secrets };
    await pass.put(StaticPod, component, podOf(component, config.spec, versions));
    return config.spec;
  }

  async #isReady(pass: Pass, config: ApiServerConfig, signal: AbortSignal): Promise<boolean> {
    const root = await pass.find(RootSecrets, ROOT_K8S) as RootKubernetesSpec | undefined;
    const certificates = await pass.find(KubernetesSecrets, K8S_CERTS);
    if (!root || !certificates) return false;
    const target = kubeTarget(localApiUrl(config), root, certificates);
    return await this.deps.askReady(target, signal).then(() => true, () => false);
  }
}

/** The static pod of a component. */
export function podOf(
  component: Component,
  config: ControlPlaneConfigs[keyof ControlPlaneConfigs],
  versions: PodVersions,
): ReturnType<typeof schedulerPod> {
  switch (component) {
    case "kube-apiserver":
      return apiServerPod(config as ApiServerConfig, versions);
    case "kube-controller-manager":
      return controllerManagerPod(config as ControllerManagerConfig, versions);
    case "kube-scheduler":
      return schedulerPod(config as SchedulerConfig, versions);
  }
}
