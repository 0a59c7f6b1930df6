/** The block devices of this machine and the filesystems on them. */
import { readSome } from "./read_some.ts";
import { MAX_CONFIG_BYTES } from "./source.ts";
import type { Volumes } from "./volume.ts";

/** What it takes of the kernel; `$ffi/mount.ts` fits. */
export interface VolumeMounter {
  mount(request: { source: string; target: string; type: string; flags?: number }): void;
  unmount(target: string): void;
}

/** Read-only, and nothing on it may act: no devices, set-user-id programs, programs, links. */
const FLAGS = 1 | 2 | 4 | 8 | 256;
/** Where a volume is mounted for as long as it is read. */
const MOUNT_POINT = "/run/metal-iso";
/** Devices that are no medium of their own. */
const NO_VOLUME = /^(ram|zram|loop|dm-|md|nbd)/;

/** Those of the running system. */
export function hostVolumes({ mount, unmount }: VolumeMounter): Volumes {
  return {
    async list() {
      const rows = (await Deno.readTextFile("/proc/partitions")).split("\n").slice(2);
      return rows.map((row) => row.trim().split(/\s+/)[3] ?? "")
        .filter((name) => name !== "" && !NO_VOLUME.test(name))
        .map((name) => `/dev/${name}`);
    },
    head: (device, bytes) => readSome(device, bytes),
    async open(device, type, file) {
      await Deno.mkdir(MOUNT_POINT, { recursive: true });
      mount({ source: device, target: MOUNT_POINT, type, flags: FLAGS });
      try {
        // One byte more than is allowed, so that what is too large is seen to be.
        return new Blob([await readSome(`${MOUNT_POINT}/${file}`, MAX_CONFIG_BYTES + 1)]).stream();
      } finally {
        unmount(MOUNT_POINT);
      }
    },
  };
}
