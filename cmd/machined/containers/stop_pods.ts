/** The end of all pods: asked to stop, each in the time it was promised, before the machine goes. */
import type { Cri } from "$lib/containerd/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import {
  type Container,
  ContainerState,
  NamespaceMode,
  type PodSandbox,
  PodSandboxState,
} from "$proto/runtime/runtime_pb.ts";
import { PRE_STOP_ANNOTATION, preStopOf, runPreStop } from "./pre_stop.ts";

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

/** What a container keeps at least to stop, after its preStop took what it took; milliseconds. */
const LEAST_GRACE_MS = 2_000;

/** A pod and what is known of its network. */
interface Pod {
  readonly sandbox: PodSandbox;
  readonly onHostNetwork: boolean;
  readonly ip: string;
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
  const pods = await Promise.all(ready.map((sandbox) => podOf(cri, sandbox, options)));
  for (const host of [false, true]) {
    const group = pods.filter(({ onHostNetwork }) => onHostNetwork === host);
    await Promise.all(group.map((pod) => {
      const inside = running.filter(({ podSandboxId }) => podSandboxId === pod.sandbox.id);
      return stopPod(cri, pod, inside, options);
    }));
  }
}

async function podOf(
  cri: Cri,
  sandbox: PodSandbox,
  { signal }: StopPodsOptions,
): Promise<Pod> {
  const { status } = await cri.podSandboxStatus({ podSandboxId: sandbox.id }, { signal });
  const network = status?.linux?.namespaces?.options?.network;
  const onHostNetwork = network === NamespaceMode.NODE;
  return { sandbox, onHostNetwork, ip: onHostNetwork ? "127.0.0.1" : status?.network?.ip ?? "" };
}

async function stopPod(
  cri: Cri,
  pod: Pod,
  containers: readonly Container[],
  options: StopPodsOptions,
): Promise<void> {
  const { signal, log } = options;
  const { id, metadata } = pod.sandbox;
  const name = `${metadata?.namespace}/${metadata?.name}`;
  try {
    await Promise.all(
      containers.map((container) => stopContainer(cri, pod, container, { ...options, name })),
    );
    await cri.stopPodSandbox({ podSandboxId: id }, { signal, timeoutMs: 60_000 });
    log(`pod ${name} stopped`);
  } catch (error) {
    signal.throwIfAborted();
    log(`Cannot stop pod ${name}: ${messageOf(error)}`);
  }
}

/** Runs the container's preStop, then stops it in what is left of its grace time, as the kubelet does. */
async function stopContainer(
  cri: Cri,
  pod: Pod,
  { id, annotations }: Container,
  { name, limitMs, log, signal }: StopPodsOptions & { readonly name: string },
): Promise<void> {
  const graceMs = Math.min(limitMs, graceSeconds(annotations) * 1_000);
  const start = performance.now();
  try {
    const handler = preStopOf(annotations[PRE_STOP_ANNOTATION], pod.ip);
    if (handler) await runPreStop(cri, id, handler, { limitMs: graceMs, signal });
  } catch (error) {
    signal.throwIfAborted();
    log(`pod ${name}: ${messageOf(error)}`);
  }
  const leftMs = Math.max(LEAST_GRACE_MS, Math.ceil(graceMs - (performance.now() - start)));
  await cri.stopContainer(
    { containerId: id, timeout: BigInt(Math.ceil(leftMs / 1_000)) },
    { signal, timeoutMs: leftMs + 30_000 },
  );
}

function graceSeconds(annotations: Container["annotations"]): number {
  const seconds = Number(annotations[GRACE_ANNOTATION] ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : DEFAULT_GRACE_S;
}
