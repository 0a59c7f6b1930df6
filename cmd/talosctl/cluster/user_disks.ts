/** Disks for data of the user's: `machine.disks`, and a file for each on this host. */
import { UsageError } from "$lib/cli/mod.ts";
import { type GenerateInput, readBytes } from "$lib/config/mod.ts";
import { MIN_XFS_BYTES } from "$lib/disk/mod.ts";

/** A disk that every machine gets, and how it is divided. */
export interface UserDisk {
  /** In the order in which they lie on the disk; sizes in bytes. */
  readonly partitions: readonly { readonly mountpoint: string; readonly size: number }[];
}

const MIB = 2 ** 20;

/** Reads `<mount point>:<size>[:<mount point>:<size>…]`. @throws {UsageError} with what is wrong in it */
export function parseUserDisk(text: string): UserDisk {
  const fault = (reason: string) => new UsageError(`cannot use --user-disk "${text}": ${reason}`);
  const words = text.split(":");
  if (words.length % 2 !== 0) throw fault('write "<mount point>:<size>", e.g. /var/mnt/data:1GB');
  const partitions = [];
  for (let at = 0; at < words.length; at += 2) {
    const [mountpoint = "", written = ""] = words.slice(at, at + 2);
    if (!mountpoint.startsWith("/var/")) throw fault(`"${mountpoint}" is no directory under /var`);
    const size = readBytes(written);
    if (size === undefined) throw fault(`"${written}" is no size, write e.g. 500MB or 1GiB`);
    if (size < MIN_XFS_BYTES) {
      throw fault(`"${written}" is too small, XFS needs ${MIN_XFS_BYTES / MIB} MiB`);
    }
    // Partitions begin and end at whole MiB.
    partitions.push({ mountpoint, size: Math.ceil(size / MIB) * MIB });
  }
  return { partitions };
}

/** How large the disk is, bytes: its partitions, and a MiB for the table at either end. */
export function userDiskBytes({ partitions }: UserDisk): number {
  return partitions.reduce((sum, { size }) => sum + size, 2 * MIB);
}

/** The name of a user disk's file in its machine's directory. */
export function userDiskFile(index: number): string {
  return `user-${index + 1}.raw`;
}

/** What the configuration says of the disks; `before` is how many the machine has beside them. */
export function userDisksConfig(
  disks: readonly UserDisk[],
  before: number,
): Pick<GenerateInput, "disks"> {
  if (disks.length === 0) return {};
  const letter = (index: number) => String.fromCharCode("a".charCodeAt(0) + before + index);
  return {
    disks: disks.map(({ partitions }, index) => ({
      device: `/dev/vd${letter(index)}`,
      partitions: partitions.map((partition) => ({ ...partition })),
    })),
  };
}
