/** `/system/state`: what of a machine outlives its system, on a volume of its own. */
import { type BlockDevice, chooseVolume } from "$lib/disk/mod.ts";
import { type SavedConfig, STATE_DIRECTORY } from "../config/saved.ts";
import type { Task } from "../sequences/engine.ts";
import { closeEncrypted } from "./encryption.ts";
import { type Mounter, NODEV, NOEXEC, NOSUID } from "./filesystems.ts";
import type { KernelModules } from "./modules.ts";
import { unmountAll, type UnmountDeps } from "./unmount.ts";
import { HALF_MADE, type VarDeps } from "./var.ts";

/** Label of the volume. */
export const STATE = "STATE";

/** What the volume needs of the kernel and of the node's programs. */
export interface StateDeps extends Pick<VarDeps, "blockDevices" | "format" | "log"> {
  readonly mounter: Mounter;
  readonly modules: Pick<KernelModules, "load">;
  readonly savedConfig: Pick<SavedConfig, "open">;
  /** The plain side of an encrypted volume. @throws {Error} when nothing opens it */
  readonly openState: (device: BlockDevice, signal: AbortSignal) => Promise<BlockDevice>;
}

/** What encrypts and decrypts, by the names the kernel has for it. */
export const CRYPTO_MODULES = ["dm_crypt", "aesni_intel", "xts", "ecb"] as const;

/**
 * Mounts the STATE volume, where there is one; it is made first on a blank device that is meant for it,
 * or on one where that was begun.
 * A machine with a broken one does not go on: it would wait for a configuration from anybody.
 */
export function mountStatePartition(deps: StateDeps): Task {
  return {
    name: "mountStatePartition",
    async run(signal) {
      const { log, modules } = deps;
      const devices = await deps.blockDevices();
      const volume = chooseVolume(STATE, devices);
      if (!volume) {
        refuseBroken(devices);
        log("No STATE volume: the configuration is kept in memory, and a reboot forgets it");
        return;
      }
      const path = `/dev/${volume.device.name}`;
      await modules.load(["xfs"], signal);
      if (volume.format) {
        const why = volume.device.blank ? "is blank and meant for STATE" : HALF_MADE;
        log(`${path} ${why}: making the volume`);
        await deps.format(volume.device, STATE, signal);
      }
      const encrypted = !volume.format && volume.device.luksLabel !== undefined;
      if (encrypted) await modules.load(CRYPTO_MODULES, signal);
      const device = encrypted ? await deps.openState(volume.device, signal) : volume.device;
      await mountState(deps, `/dev/${device.name}`);
    },
  };
}

/** Mounts the volume's filesystem, for the configuration to be read and saved. */
export async function mountState(
  { mounter, savedConfig, log }: Pick<StateDeps, "mounter" | "savedConfig" | "log">,
  path: string,
): Promise<void> {
  mount(mounter, path);
  await savedConfig.open(path);
  log(`${STATE_DIRECTORY} is on ${path}`);
}

/** Unmounts the volume: nothing is saved any more. */
export function unmountStatePartition(
  deps: UnmountDeps & { readonly savedConfig: Pick<SavedConfig, "close"> },
): Task {
  return {
    name: "unmountStatePartition",
    async run() {
      deps.savedConfig.close();
      await unmountAll(deps, (target) => target === STATE_DIRECTORY);
      closeEncrypted(STATE, deps.log);
    },
  };
}

function mount(mounter: Mounter, path: string): void {
  try {
    const flags = NOSUID | NODEV | NOEXEC;
    mounter.mount({ type: "xfs", source: path, target: STATE_DIRECTORY, flags });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot mount the STATE volume ${path}: ${reason}; ${remedy(path)}`, { cause });
  }
}

/** @throws {Error} when a device is meant for STATE and holds something else. */
function refuseBroken(devices: readonly BlockDevice[]): void {
  const device = devices.find(({ volumeName, blank }) => volumeName === STATE && !blank);
  if (!device) return;
  const path = `/dev/${device.name}`;
  const reason = device.readOnly ? "it is read-only" : "it holds no XFS filesystem";
  throw new Error(`Cannot use ${path} as the STATE volume: ${reason}; ${remedy(path)}`);
}

function remedy(path: string): string {
  return `from another system, mend it with "xfs_repair ${path}", or make it anew with ` +
    `"mkfs.xfs -f -L ${STATE} ${path}", which loses the saved configuration`;
}
