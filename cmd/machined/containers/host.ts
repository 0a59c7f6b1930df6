/** Where this node runs containers of its own that belong to Kubernetes: etcd and the kubelet. */
import type { LogStore, Service } from "$lib/service/mod.ts";
import {
  Containerd,
  containerRunner,
  type ContainerRunnerOptions,
  type Cri,
  criClient,
  type CriImages,
  criImages,
  type ImageSource,
  type OutputPipes,
} from "$lib/containerd/mod.ts";
import {
  CONTAINERD_NAMESPACES,
  CONTAINERD_SOCKETS,
  REGISTRY_HOSTS_DIRECTORY,
} from "$lib/paths/mod.ts";
import type { FdPoller } from "$ffi/poller.ts";
import { outputPipes } from "./pipes.ts";

/** What every container service of the node is given. */
export interface ContainerHost {
  readonly containerd: Containerd;
  readonly images: ImageSource;
  readonly pipes: OutputPipes;
}

/** A container of the node's own: its name, and what it is by the time it starts. */
export type NodeContainer = Pick<ContainerRunnerOptions, "id" | "image" | "spec">;

/** A service's `run` that keeps `container`, its output in the log of its id. */
export function runContainer(
  { containerd, images, pipes }: ContainerHost,
  logs: Pick<LogStore, "writer">,
  container: NodeContainer,
): Service["run"] {
  const log = logs.writer(container.id);
  return containerRunner({ ...container, containerd, images, pipes, log });
}

/** The containers of a node from every side. */
export interface Containers extends ContainerHost {
  /** The node's own containerd, which knows nothing of Kubernetes. */
  readonly system: Containerd;
  /** Kubernetes' containerd in the namespace of pods. */
  readonly pods: Containerd;
  readonly cri: Cri;
  readonly podImages: CriImages;
}

const PIPES_DIRECTORY = "/system/run/containers";

/** Clients of both containerds; they connect when they are used. */
export function nodeContainers(poller: FdPoller): Containers {
  return {
    system: new Containerd(CONTAINERD_SOCKETS.system, CONTAINERD_NAMESPACES.system),
    pods: new Containerd(CONTAINERD_SOCKETS.cri, CONTAINERD_NAMESPACES.pods),
    cri: criClient(CONTAINERD_SOCKETS.cri),
    podImages: criImages(CONTAINERD_SOCKETS.cri),
    containerd: new Containerd(CONTAINERD_SOCKETS.cri, CONTAINERD_NAMESPACES.system),
    images: {
      hostsDirectory: REGISTRY_HOSTS_DIRECTORY,
      architecture: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
    },
    pipes: outputPipes(PIPES_DIRECTORY, poller),
  };
}
