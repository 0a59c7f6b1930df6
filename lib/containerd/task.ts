/** A container's snapshot, definition and process in containerd, made and removed together. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { Containerd } from "./client.ts";
import type { ContainerSpec } from "./container.ts";
import { type ImageSource, pullImage, SNAPSHOTTER, type UnpackedImage } from "./image.ts";
import { ociSpec } from "./oci_spec.ts";

/** The name containerd knows an OCI specification by. */
const SPEC_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Spec";
const RUNTIME = "io.containerd.runc.v2";
const SIGKILL = 9;
/** How long a killed process may take to go, milliseconds. */
const KILL_MS = 30_000;

/** What a container is made from. */
export interface NewContainer {
  readonly id: string;
  readonly image: UnpackedImage;
  readonly images: ImageSource;
  readonly spec: ContainerSpec;
  /** The pipe that its output goes to. */
  readonly stdout: string;
}

/** Makes the container with its process, which waits for its start; gives the pid. */
export async function createContainer(
  containerd: Containerd,
  { id, image, images, spec, stdout }: NewContainer,
  signal: AbortSignal,
): Promise<number> {
  const mounts = await prepareSnapshot(containerd, id, image, images, signal);
  await containerd.containers.create({
    container: {
      id,
      image: image.name,
      runtime: { name: RUNTIME },
      spec: {
        typeUrl: SPEC_TYPE,
        value: new TextEncoder().encode(JSON.stringify(ociSpec(spec, image.process))),
      },
      snapshotter: SNAPSHOTTER,
      snapshotKey: id,
    },
  }, { signal });
  // Not given up half-way: a shim that starts late would be left behind.
  const { pid } = await containerd.tasks.create({
    containerId: id,
    rootfs: mounts,
    stdout,
    stderr: stdout,
  }, { timeoutMs: 120_000 });
  return pid;
}

/** Removes all of the container that is there, its process first. */
export async function removeContainer(containerd: Containerd, id: string): Promise<void> {
  const { tasks, containers, snapshots } = containerd;
  await signalContainer(containerd, id, SIGKILL, true);
  await unlessGone(() => tasks.wait({ containerId: id }, { timeoutMs: KILL_MS }));
  await unlessGone(() => tasks.delete({ containerId: id }));
  await unlessGone(() => containers.delete({ id }));
  await unlessGone(() => snapshots.remove({ snapshotter: SNAPSHOTTER, key: id }));
}

/** A writable layer over the image's; an image that lost its layers is pulled again. */
async function prepareSnapshot(
  containerd: Containerd,
  id: string,
  image: UnpackedImage,
  images: ImageSource,
  signal: AbortSignal,
) {
  const prepare = () =>
    containerd.snapshots.prepare({
      snapshotter: SNAPSHOTTER,
      key: id,
      parent: image.snapshot,
      // Until the container that uses it is there, nothing else keeps it from being collected.
      labels: { "containerd.io/gc.root": new Date().toISOString() },
    }, { signal });
  try {
    return (await prepare()).mounts;
  } catch (error) {
    if (ConnectError.from(error).code !== Code.NotFound) throw error;
    await pullImage(containerd, image.name, images, signal);
    return (await prepare()).mounts;
  }
}

/** Sends a signal, to every process of the container with `all`; that it has ended is no error. */
export async function signalContainer(
  { tasks }: Containerd,
  id: string,
  signal: number,
  all = false,
): Promise<void> {
  await unlessGone(() => tasks.kill({ containerId: id, signal, all }));
}

/** Runs `call`; that there is nothing to act on, or that it has ended, is what is wanted. */
async function unlessGone(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    const { code } = ConnectError.from(error);
    if (code !== Code.NotFound && code !== Code.FailedPrecondition) throw error;
  }
}
