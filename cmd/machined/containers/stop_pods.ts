/** The end of all pods: asked to stop, each in the time it was promised, before the machine goes. */
import type { Cri } from "$lib/containerd/mod.ts";
import {
  type Container,
  ContainerState,
  NamespaceMode,
  type PodSandbox,
  PodSandboxState,
} from "$proto/runtime/runtime_pb.ts";

/** Where the kubelet writes down how long a pod may take to stop, seconds. */
const GRACE_ANNOTATION = "io.kubernetes.pod.terminationGracePeriod";
/** What Kubernetes gives a pod that says nothing. */
const DEFAULT_GRACE_S = 30;

/** How pods are stopped. */
export interface StopPodsOptions {
  /** No pod gets longer than this to stop, milliseconds. */
  readonly limitMs: number;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Stops every pod: first those with a network of their own, since what takes it down again may itself
 * run in a pod of the host's. One that cannot be stopped is logged and left to the end.
 */
export async function stopPods(cri: Cri, options: StopPodsOptions): Promise<void> {
  const { items } = await cri.listPodSandbox({}, { signal: options.signal });
  const ready = items.filter(({ state }) => state === PodSandboxState.SANDBOX_READY);
  const { containers } = await cri.listContainers({}, { signal: options.signal });
  const running = containers.filter(({ state }) => state === ContainerState.CONTAINER_RUNNING);
  const onHost = await Promise.all(ready.map((pod) => usesHostNetwork(cri, pod, options)));
  for (const host of [false, true]) {
    const group = ready.filter((_, at) => onHost[at] === host);
    await Promise.all(
      group.map((pod) =>
        stopPod(cri, pod, running.filter(({ podSandboxId }) => podSandboxId === pod.id), options)
      ),
    );
  }
}

async function usesHostNetwork(
  cri: Cri,
  { id }: PodSandbox,
  { signal }: StopPodsOptions,
): Promise<boolean> {
  const { status } = await cri.podSandboxStatus({ podSandboxId: id }, { signal });
  return status?.linux?.namespaces?.options?.network === NamespaceMode.NODE;
}

async function stopPod(
  cri: Cri,
  pod: PodSandbox,
  containers: readonly Container[],
  { limitMs, log, signal }: StopPodsOptions,
): Promise<void> {
  const name = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
  try {
    await Promise.all(containers.map((container) => {
      const graceMs = Math.min(limitMs, graceSeconds(container) * 1_000);
      return cri.stopContainer(
        { containerId: container.id, timeout: BigInt(Math.ceil(graceMs / 1_000)) },
        { signal, timeoutMs: graceMs + 30_000 },
      );
    }));
    await cri.stopPodSandbox({ podSandboxId: pod.id }, { signal, timeoutMs: 60_000 });
    log(`pod ${name} stopped`);
  } catch (error) {
    signal.throwIfAborted();
    log(`Cannot stop pod ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function graceSeconds({ annotations }: Container): number {
  const seconds = Number(annotations[GRACE_ANNOTATION] ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : DEFAULT_GRACE_S;
}
