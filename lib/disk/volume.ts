import type { Probe } from "./probe.ts";

/** A disk or partition, as far as choosing one needs it. */
export interface BlockDevice extends Probe {
  /** Its name under /dev. */
  readonly name: string;
  /** The volume it is meant for: the name of a partition, or the serial number of a virtual disk. */
  readonly volumeName?: string;
  /** Name under /dev of the disk that a partition is on. */
  readonly disk?: string;
  readonly readOnly: boolean;
  readonly sizeBytes: number;
}

/** The device that a volume is on, or is to be made on. */
export interface Volume {
  readonly device: BlockDevice;
  /** It holds nothing yet, or half of what was to be the volume. */
  readonly format: boolean;
}

/** The smallest device XFS is made on, bytes; mkfs.xfs calls it unsupported below 300 MB. */
export const MIN_XFS_BYTES = 64 << 20;
/** Whole disks of virtual machines. */
const VIRTUAL_DISK = /^vd[a-z]+$/;

/**
 * The volume `label`: a filesystem or an encrypted volume that has the label, or is on a device meant for it, else a device on
 * which formatting it was begun, else a blank device meant for it, else, if any blank disk will do, the
 * first blank virtual disk. Nothing else is ever chosen, so nothing else is ever formatted.
 */
export function chooseVolume(
  label: string,
  devices: readonly BlockDevice[],
  { anyBlankDisk = false }: { readonly anyBlankDisk?: boolean } = {},
): Volume | undefined {
  const sorted = devices.filter(({ readOnly }) => !readOnly)
    .toSorted((a, b) => a.name.length - b.name.length || (a.name < b.name ? -1 : 1));
  const whole = sorted.filter(({ unfinished }) => unfinished === undefined);
  const made = whole.find(({ xfsLabel, luksLabel }) => [xfsLabel, luksLabel].includes(label)) ??
    whole.find(({ volumeName, xfsLabel }) => volumeName === label && xfsLabel !== undefined);
  if (made) return { device: made, format: false };
  const begun = sorted.find(({ unfinished }) =>
    unfinished?.work === "format" && unfinished.label === label
  );
  if (begun) return { device: begun, format: true };
  const blank = sorted.filter((device) => device.blank && device.sizeBytes >= MIN_XFS_BYTES);
  const unnamed = ({ name, volumeName }: BlockDevice) =>
    volumeName === undefined && VIRTUAL_DISK.test(name);
  const device = blank.find(({ volumeName }) => volumeName === label) ??
    (anyBlankDisk ? blank.find(unnamed) : undefined);
  return device && { device, format: true };
}
