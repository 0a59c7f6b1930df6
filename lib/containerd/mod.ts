/**
 * Containers of our own, run by containerd: images by its Transfer service, one container a service.
 *
 * ```ts
 * import { ociSpec } from "$lib/containerd/mod.ts";
 *
 * const image = { env: ["PATH=/bin"], cwd: "/" };
 * const spec = ociSpec({ args: ["/bin/etcd"], cgroup: "/podruntime/etcd" }, image);
 * console.assert(spec.ociVersion === "1.2.0");
 * ```
 *
 * @module
 */
export { Containerd } from "./client.ts";
export type {
  ContainerImage,
  ContainerMount,
  ContainerNamespace,
  ContainerSpec,
} from "./container.ts";
export { type Cri, criClient, type CriImages, criImages } from "./cri.ts";
export { containerRunner, type ContainerRunnerOptions, runToEnd } from "./container_runner.ts";
export { ensureImage, type ImageSource, pullImage, type UnpackedImage } from "./image.ts";
export { type Architecture } from "./image_documents.ts";
export { type ImageProcess, ociSpec } from "./oci_spec.ts";
export type { OutputPipe, OutputPipes } from "./output.ts";
export { type ImageReference, parseReference } from "./reference.ts";
export { removeContainer, signalContainer } from "./task.ts";
export { type HostsFile, type Registries, registryHosts } from "./registry_hosts.ts";
export { dropView, makeView, type SnapshotMount } from "./view.ts";
