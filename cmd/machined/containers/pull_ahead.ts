/**
 * Images before their pods. The kubelet pulls an image once it may start a pod of it: those of a control
 * plane become known one after the other, and each time everything waits for the pull. This pulls them
 * while the node waits for something else: a bootstrap, the API server, its network.
 */
import { find, type StateReader, until } from "$lib/cosi/mod.ts";
import type { CriImages } from "$lib/containerd/mod.ts";
import {
  type ApiServerConfig,
  type ControllerManagerConfig,
  KubernetesControlPlaneConfig,
  type SchedulerConfig,
  Service,
  type SystemManifestsConfig,
} from "$lib/resources/mod.ts";
import { messageOf } from "$lib/service/mod.ts";

/** What pulls need. */
export interface PullAheadDeps {
  readonly state: StateReader;
  readonly images: Pick<CriImages, "pullImage">;
  readonly log: (line: string) => void;
}

/** How long one pull may take, milliseconds. */
const PULL_MS = 30 * 60_000;

/**
 * Pulls what the pods of a control plane run, once; the kubelet pulls what this could not. It begins
 * when the kubelet runs, whose own image comes first.
 */
export async function pullAhead(
  { state, images, log }: PullAheadDeps,
  signal: AbortSignal,
): Promise<void> {
  await until(state, KubernetesControlPlaneConfig, "system-manifests", signal);
  await until(state, Service, "kubelet", signal, (service) => service?.healthy ?? false);
  for (const image of await imagesOf(state)) {
    try {
      await images.pullImage({ image: { image } }, { signal, timeoutMs: PULL_MS });
    } catch (error) {
      log(`cannot pull ${image} ahead of its pod: ${messageOf(error)}`);
    }
  }
}

/** The images in the order in which their pods start. */
async function imagesOf(state: StateReader): Promise<string[]> {
  const config = (id: string) => find<unknown>(state, KubernetesControlPlaneConfig, id);
  const pods = await Promise.all(
    ["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(config),
  ) as (ApiServerConfig | ControllerManagerConfig | SchedulerConfig | undefined)[];
  const system = await config("system-manifests") as SystemManifestsConfig | undefined;
  return [
    ...pods.flatMap((pod) => pod?.image ?? []),
    ...(system?.flannelEnabled ? [system.flannelCNIImage, system.flannelImage] : []),
    ...(system?.proxyEnabled ? [system.proxyImage] : []),
    ...(system ? [system.coreDNSImage] : []),
  ];
}
