/** Which devices a reset makes zeros. */
import type { BlockDevice } from "$lib/disk/mod.ts";
import { systemDisk } from "./system_disk.ts";

/** Labels that a reset may name. Disks of this release have no BIOS and no BOOT: those are empty. */
export const RESET_LABELS = ["EFI", "BIOS", "BOOT", "META", "STATE", "EPHEMERAL"] as const;

/** The devices of these labels: partitions, disks meant for them, filesystems called so. */
export function devicesOf(
  labels: readonly string[],
  devices: readonly BlockDevice[],
): BlockDevice[] {
  const own = systemDisk(devices)?.path.slice("/dev/".length);
  return devices.filter(({ volumeName, xfsLabel, readOnly, disk }) => {
    if (readOnly) return false;
    if (volumeName !== undefined && labels.includes(volumeName)) {
      // Firmware's partition has the same name on disks that are none of ours.
      return volumeName !== "EFI" || disk === own;
    }
    return xfsLabel !== undefined && labels.includes(xfsLabel);
  });
}

/** All that the machine keeps: its disk as a whole, and volumes that lie elsewhere. */
export function everything(devices: readonly BlockDevice[]): BlockDevice[] {
  const own = systemDisk(devices)?.path.slice("/dev/".length);
  const disk = devices.filter(({ name }) => name === own);
  const elsewhere = devicesOf(["STATE", "EPHEMERAL"], devices)
    .filter((one) => own === undefined || one.disk !== own);
  return [...disk, ...elsewhere];
}
