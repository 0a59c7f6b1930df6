/** The files of an image, to be looked at without a container. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { Containerd } from "./client.ts";
import { SNAPSHOTTER, type UnpackedImage } from "./image.ts";

/** A mount that shows a snapshot, as containerd words it. */
export interface SnapshotMount {
  /** `bind` or `overlay`. */
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Makes a read-only view of an image under the name `key`; gives the one mount that shows it. */
export async function makeView(
  containerd: Containerd,
  key: string,
  image: UnpackedImage,
  signal: AbortSignal,
): Promise<SnapshotMount> {
  await dropView(containerd, key);
  const { mounts } = await containerd.snapshots.view({
    snapshotter: SNAPSHOTTER,
    key,
    parent: image.snapshot,
    labels: { "containerd.io/gc.root": new Date().toISOString() },
  }, { signal });
  const [mount, ...more] = mounts;
  if (!mount || more.length > 0) {
    throw new Error(`Cannot look at image "${image.name}": ${mounts.length} mounts show it, not 1`);
  }
  return mount;
}

/** Removes the view; that it is gone is no error. */
export async function dropView({ snapshots }: Containerd, key: string): Promise<void> {
  try {
    await snapshots.remove({ snapshotter: SNAPSHOTTER, key });
  } catch (error) {
    if (ConnectError.from(error).code !== Code.NotFound) throw error;
  }
}
