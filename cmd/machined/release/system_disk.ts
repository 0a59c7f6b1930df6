/** The disk that this machine is installed on. */
import type { BlockDevice, NodePartition } from "$lib/disk/mod.ts";

/** The disk and its partitions, by their paths. */
export interface SystemDisk {
  readonly path: string;
  readonly partitions: Readonly<Record<NodePartition, BlockDevice>>;
}

/** The disk whose table names all of a node's partitions; of several, the first by its name. */
export function systemDisk(devices: readonly BlockDevice[]): SystemDisk | undefined {
  const disks = new Set(devices.flatMap(({ disk }) => disk ?? []));
  for (const disk of [...disks].sort()) {
    const on = (label: NodePartition) =>
      devices.find((device) => device.disk === disk && device.volumeName === label);
    const [EFI, META, STATE, EPHEMERAL] = [on("EFI"), on("META"), on("STATE"), on("EPHEMERAL")];
    if (EFI && META && STATE && EPHEMERAL) {
      return { path: `/dev/${disk}`, partitions: { EFI, META, STATE, EPHEMERAL } };
    }
  }
  return undefined;
}
