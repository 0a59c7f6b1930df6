/** The containers of a node, as the API lists them: its own, and those of pods. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { Containerd, Cri } from "$lib/containerd/mod.ts";
import { CONTAINERD_NAMESPACES } from "$lib/paths/mod.ts";
import { Status } from "$proto/containerd/task/task_pb.ts";
import { type Container, ContainerState, PodSandboxState } from "$proto/runtime/runtime_pb.ts";

/** A container, or a process of the node that stands for one. */
export interface ContainerEntry {
  readonly namespace: string;
  /** How users name it: a service's id, `namespace/pod`, or `namespace/pod:container`. */
  readonly id: string;
  /** The pod it belongs to; its own id where it is none's part. */
  readonly podId: string;
  readonly name: string;
  readonly image: string;
  /** 0 when it does not run. */
  readonly pid: number;
  readonly status: string;
  /** Sends SIGTERM to its process. */
  terminate(): Promise<void>;
  /** The file with its output; only containers of pods have one. */
  logPath?(): Promise<string>;
}

const SIGTERM = 15;

/** The containers of a containerd's namespace. */
export async function containersOf(containerd: Containerd): Promise<ContainerEntry[]> {
  const [{ containers }, { tasks }] = await Promise.all([
    containerd.containers.list({}),
    containerd.tasks.list({}),
  ]);
  const byId = new Map(tasks.map((task) => [task.id || task.containerId, task]));
  return containers.map(({ id, image }) => {
    const task = byId.get(id);
    return {
      namespace: containerd.namespace,
      id,
      podId: id,
      name: id,
      image,
      pid: task?.pid ?? 0,
      status: task ? Status[task.status] : "",
      terminate: () => terminate(containerd, id),
    };
  });
}

/** The pods that are ready, each followed by the newest container of each of its names. */
export async function podContainers(cri: Cri, pods: Containerd): Promise<ContainerEntry[]> {
  const [{ items }, { containers }, { tasks }, known] = await Promise.all([
    cri.listPodSandbox({}),
    cri.listContainers({}),
    pods.tasks.list({}),
    pods.containers.list({}),
  ]);
  const pids = new Map(tasks.map((task) => [task.id || task.containerId, task.pid]));
  const images = new Map(known.containers.map(({ id, image }) => [id, image]));
  const entry = (id: string) => ({
    namespace: CONTAINERD_NAMESPACES.pods,
    pid: pids.get(id) ?? 0,
    terminate: () => terminate(pods, id),
  });
  return items.filter(({ state }) => state === PodSandboxState.SANDBOX_READY).flatMap((pod) => {
    const podId = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    const sandbox: ContainerEntry = {
      ...entry(pod.id),
      id: podId,
      podId,
      name: pod.metadata?.name ?? "",
      image: images.get(pod.id) ?? "",
      status: PodSandboxState[pod.state],
    };
    const inside = newest(containers.filter(({ podSandboxId }) => podSandboxId === pod.id));
    return [
      sandbox,
      ...inside.map((container): ContainerEntry => ({
        ...entry(container.id),
        id: `${podId}:${container.metadata?.name}`,
        podId,
        name: container.metadata?.name ?? "",
        image: images.get(container.id) ?? container.image?.image ?? "",
        status: ContainerState[container.state],
        logPath: () => logPath(cri, container.id),
      })),
    ];
  });
}

/** The newest of the containers that share a name: earlier ones are its former lives. */
function newest(containers: readonly Container[]): Container[] {
  const byName = new Map<string, Container>();
  for (const container of containers) {
    const name = container.metadata?.name ?? "";
    const other = byName.get(name);
    if (!other || other.createdAt < container.createdAt) byName.set(name, container);
  }
  return [...byName.values()];
}

async function terminate({ tasks }: Containerd, id: string): Promise<void> {
  try {
    await tasks.kill({ containerId: id, signal: SIGTERM });
  } catch (error) {
    if (ConnectError.from(error).code !== Code.NotFound) throw error;
    throw new ConnectError(`container "${id}" does not run`, Code.FailedPrecondition);
  }
}

async function logPath(cri: Cri, containerId: string): Promise<string> {
  const path = (await cri.containerStatus({ containerId })).status?.logPath;
  if (!path) throw new ConnectError(`container "${containerId}" keeps no log`, Code.NotFound);
  return path;
}
