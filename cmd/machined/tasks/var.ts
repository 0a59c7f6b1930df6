/** `/var`: what Kubernetes and its containers keep, on a disk of its own, and the layers over it. */
import { type BlockDevice, chooseVolume, filesystemBytes, type Volume } from "$lib/disk/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import type { Encryption } from "./encryption.ts";
import type { Task } from "../sequences/engine.ts";
import type { Mounter } from "./filesystems.ts";
import type { DiskGrower } from "./partitions.ts";

/** Label of the volume at /var. */
const EPHEMERAL = "EPHEMERAL";
const NOATIME = 1024;
/** What is said of a device whose formatting the end of the power, or of the program, cut off. */
export const HALF_MADE = "is half made, since that was cut off";

/** Makes mounts appear on both sides of containers; `$ffi/mount.ts` fits it. */
export interface Sharer {
  setPropagation(target: string, propagation: "shared", options: { recursive: boolean }): void;
}

/** What /var needs of the kernel and of the node's programs. */
export interface VarDeps {
  readonly mounter: Mounter;
  readonly log: (line: string) => void;
  readonly blockDevices: () => Promise<readonly BlockDevice[]>;
  /** Makes an XFS filesystem with a label on a device that holds nothing, or half of one. */
  readonly format: (device: BlockDevice, label: string, signal: AbortSignal) => Promise<void>;
  readonly disks: Pick<DiskGrower, "growXfs">;
}

/** What an encrypted /var needs beside that. */
export interface EncryptedVarDeps extends VarDeps {
  /** How EPHEMERAL is to be encrypted; not at all when this gives nothing. */
  readonly encryption: () => Encryption | undefined;
  /** The plain side of the volume, made first where `format` says so. */
  readonly openEncrypted: (
    device: BlockDevice,
    volume: { readonly label: string; readonly format: boolean; readonly encryption: Encryption },
    signal: AbortSignal,
  ) => Promise<BlockDevice>;
}

/**
 * Mounts the EPHEMERAL volume at /var, made first on a disk that is blank, or half made. Without one /var stays the
 * memory that the early stage put there, and the console says so.
 */
export function mountEphemeralPartition(deps: EncryptedVarDeps): Task {
  return {
    name: "mountEphemeralPartition",
    async run(signal) {
      const { mounter, log } = deps;
      const volume = chooseVolume(EPHEMERAL, await deps.blockDevices(), { anyBlankDisk: true });
      if (!volume) {
        log("No disk for /var: it is kept in memory, and a reboot forgets it");
        return;
      }
      const path = `/dev/${volume.device.name}`;
      if (volume.format) {
        log(
          `${path} ${volume.device.blank ? "is blank" : HALF_MADE}: making it the volume of /var`,
        );
      }
      const device = await ready(volume, deps, signal);
      const source = `/dev/${device.name}`;
      mounter.mount({ type: "xfs", source, target: "/var", flags: NOATIME });
      log(`/var is on ${source}`);
      // The device may have gained since the filesystem was made; one that cannot grow is no reason to stop.
      try {
        const grew = deps.disks.growXfs("/var", filesystemBytes(device.sizeBytes));
        if (grew) log(`/var fills ${source} now, which has become larger`);
      } catch (error) {
        log(`Cannot let /var grow: ${messageOf(error)}`);
      }
    },
  };
}

/** The device with the filesystem of a volume, encrypted as the configuration wants it. */
async function ready(
  { device, format }: Volume,
  deps: EncryptedVarDeps,
  signal: AbortSignal,
): Promise<BlockDevice> {
  const encryption = deps.encryption();
  const reset = "reset the machine from the API of its former configuration, or wipe the partition";
  if (encryption) {
    if (!format && device.luksLabel === undefined) {
      throw new Error(
        `Cannot use /dev/${device.name} for /var: it is not encrypted, and ` +
          `machine.systemDiskEncryption.ephemeral wants that; ${reset}`,
      );
    }
    return await deps.openEncrypted(device, { label: EPHEMERAL, format, encryption }, signal);
  }
  if (!format && device.luksLabel !== undefined) {
    throw new Error(
      `Cannot use /dev/${device.name} for /var: it is encrypted, and ` +
        `machine.systemDiskEncryption.ephemeral has no key; ${reset}`,
    );
  }
  if (format) await deps.format(device, EPHEMERAL, signal);
  return device;
}

/** Directories of /var with their modes. */
const DIRECTORIES: readonly [path: string, mode: number][] = [
  ["/var/log/pods", 0o755],
  ["/var/log/containers", 0o755],
  ["/var/lib/kubelet", 0o700],
  ["/var/lib/containerd", 0o700],
  ["/var/cri/conf.d", 0o755],
  ["/run/lock", 0o700],
];

/** Makes the directories of /var that Kubernetes expects; /var/run is /run. */
export function setupVarDirectory(): Task {
  return {
    name: "setupVarDirectory",
    async run() {
      for (const [path, mode] of DIRECTORIES) {
        await Deno.mkdir(path, { recursive: true });
        await Deno.chmod(path, mode);
      }
      const run = await Deno.lstat("/var/run").catch(() => undefined);
      if (run === undefined) await Deno.symlink("/run", "/var/run");
    },
  };
}

/** Read-only directories that can be written to, in a layer kept on /var. */
export const OVERLAYS = [
  "/etc/kubernetes",
  "/etc/cni",
  "/usr/libexec/kubernetes",
  "/usr/etc/udev",
  "/opt",
] as const;
const OVERLAY_LAYERS = "/var/system/overlays";

/** Mounts the writable layers, and lets mounts spread between the node and its containers. */
export function mountOverlayFilesystems({ mounter }: { mounter: Mounter & Sharer }): Task {
  return {
    name: "mountOverlayFilesystems",
    async run() {
      for (const target of OVERLAYS) {
        const name = `${OVERLAY_LAYERS}/${target.slice(1).replaceAll("/", "-")}`;
        const [upper, work] = [`${name}-diff`, `${name}-workdir`];
        for (const path of [upper, work]) await Deno.mkdir(path, { recursive: true, mode: 0o755 });
        const data = `lowerdir=${target},upperdir=${upper},workdir=${work}`;
        mounter.mount({ type: "overlay", source: "overlay", target, flags: 0, data });
      }
      // Before the first container: what the kubelet mounts for a pod must reach the pod.
      mounter.setPropagation("/", "shared", { recursive: true });
    },
  };
}
