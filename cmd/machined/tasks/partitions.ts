/** The node's own disk, made ready before anything on it is mounted. */
import {
  type BlockDevice,
  type Gpt,
  type GptPartition,
  growGpt,
  type Medium,
  readGpt,
  writeGpt,
} from "$lib/disk/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import type { Task } from "../sequences/engine.ts";
import type { VarDeps } from "./var.ts";
import type { wipeDevices } from "./wipe.ts";

/** What the kernel is told about disks in use; `$ffi/partition.ts` and `$ffi/xfs.ts` fit. */
export interface DiskGrower {
  resizePartition(
    disk: string,
    extent: {
      readonly number: number;
      readonly startBytes: number;
      readonly lengthBytes: number;
    },
  ): void;
  /** Lets the filesystem at `target` fill its device; gives whether it grew. */
  growXfs(target: string, deviceBytes: number): boolean;
}

/** What making partitions ready needs. */
export interface PartitionDeps extends Pick<VarDeps, "log" | "blockDevices"> {
  readonly openDisk: (name: string) => Promise<Medium & AsyncDisposable>;
  readonly disks: Pick<DiskGrower, "resizePartition">;
  readonly wipe: typeof wipeDevices;
}

/**
 * Ends the wiping of devices that was cut off, heals the partition table of the node's disk and gives
 * EPHEMERAL what the disk has gained.
 */
export function preparePartitions(deps: PartitionDeps): Task {
  return {
    name: "preparePartitions",
    async run(signal) {
      const devices = await deps.blockDevices();
      for (const device of devices) {
        if (device.unfinished?.work === "wipe") await endWiping(deps, device, signal);
        if (device.unfinished?.work === "install" && device.volumeName === undefined) {
          deps.log(
            `/dev/${device.disk} is half installed, since that was cut off: it is left to the next ` +
              "installation",
          );
        }
      }
      for (const name of nodeDisks(devices)) {
        // Where formatting was begun is told by a note near the end of the partition, as it was then.
        const mayGrow = !devices.some(({ disk, volumeName, unfinished }) =>
          disk === name && volumeName === "EPHEMERAL" && unfinished
        );
        // With a table that cannot be written, the node runs on as it is.
        await healTable(deps, name, mayGrow).catch((error) =>
          deps.log(`The partition table of /dev/${name} stays as it is: ${messageOf(error)}`)
        );
      }
    },
  };
}

async function endWiping(
  { log, wipe }: PartitionDeps,
  device: BlockDevice,
  signal: AbortSignal,
): Promise<void> {
  log(`/dev/${device.name} was being wiped when that was cut off: going on with it`);
  try {
    await wipe([device], { log, signal });
  } catch (error) {
    signal.throwIfAborted();
    log(`/dev/${device.name} stays as it is: ${messageOf(error)}`);
  }
}

/** Names of the disks that hold a node's partitions. */
export function nodeDisks(devices: readonly BlockDevice[]): string[] {
  const on = (label: string) =>
    new Set(devices.filter((one) => one.volumeName === label).map(({ disk }) => disk));
  const [meta, state, ephemeral] = ["META", "STATE", "EPHEMERAL"].map(on);
  return [...ephemeral!].filter((disk) => disk && meta!.has(disk) && state!.has(disk)) as string[];
}

async function healTable(deps: PartitionDeps, name: string, mayGrow: boolean): Promise<void> {
  await using disk = await deps.openDisk(name);
  const reading = await readGpt(disk);
  if (!reading) return;
  const grown = mayGrow ? growGpt(reading.gpt, "EPHEMERAL") : undefined;
  if (!grown && reading.fault === undefined) return;
  if (reading.fault) {
    deps.log(`/dev/${name}: the partition table is written anew: ${reading.fault}`);
  }
  await writeGpt(disk, grown ?? reading.gpt);
  if (grown) growPartition(deps, name, grown);
}

function growPartition({ log, disks }: PartitionDeps, name: string, gpt: Gpt): void {
  const { number, firstSector, lastSector } = gpt.partitions.find((one) =>
    one.name === "EPHEMERAL"
  ) as GptPartition;
  const lengthBytes = (lastSector - firstSector + 1) * gpt.sectorBytes;
  disks.resizePartition(`/dev/${name}`, {
    ...{ number, startBytes: firstSector * gpt.sectorBytes, lengthBytes },
  });
  log(`/dev/${name}: EPHEMERAL has ${Math.floor(lengthBytes / 1e6)} MB now`);
}
