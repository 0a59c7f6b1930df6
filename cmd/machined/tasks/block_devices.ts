/** The disks and partitions of this machine, with what is on them. */
import { basename, dirname } from "node:path";
import {
  type BlockDevice,
  type Medium,
  openMedium,
  openWholeDisk,
  probe,
  withoutHalfInstalled,
} from "$lib/disk/mod.ts";

const CLASS = "/sys/class/block";
/** What the kernel makes of other things: loops, mapped devices, memory, optical drives. */
const NO_DISK = /^(loop|dm-|ram|zram|sr|fd|md)/;
/** Volumes that a virtual disk can be meant for, as its serial number says. */
const VOLUMES: ReadonlySet<string> = new Set(["STATE", "EPHEMERAL"]);
/** The kernel counts in these, whatever the disk does. */
const SECTOR_BYTES = 512;

/**
 * Every disk and partition that can be read; one that cannot is logged. Partitions of a disk whose
 * installation was cut off are for nothing.
 */
export async function blockDevices(log: (line: string) => void): Promise<BlockDevice[]> {
  const devices: BlockDevice[] = [];
  for await (const { name } of Deno.readDir(CLASS)) {
    if (NO_DISK.test(name)) continue;
    try {
      const device = await blockDevice(name);
      if (device) devices.push(device);
    } catch (error) {
      log(`Cannot look at disk ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return withoutHalfInstalled(devices);
}

/** One disk or partition by its name under /dev; undefined when it has no size. */
export async function blockDevice(name: string): Promise<BlockDevice | undefined> {
  const fact = async (file: string) => (await Deno.readTextFile(`${CLASS}/${name}/${file}`)).trim();
  const sizeBytes = Number(await fact("size")) * SECTOR_BYTES;
  if (sizeBytes === 0) return undefined;
  const serial = await fact("serial").catch(() => "");
  const partition = /^PARTNAME=(.*)$/m.exec(await fact("uevent"))?.[1];
  const volumeName = partition ??
    (VOLUMES.has(serial) ? serial : undefined);
  await using medium = await openMedium(`/dev/${name}`, { sizeBytes });
  return {
    name,
    ...(volumeName === undefined ? {} : { volumeName }),
    ...(partition === undefined ? {} : { disk: await diskOf(name) }),
    readOnly: await fact("ro") === "1",
    sizeBytes,
    ...await probe(medium),
  };
}

/** The kernel keeps a partition below its disk. */
async function diskOf(partition: string): Promise<string> {
  return basename(dirname(await Deno.readLink(`${CLASS}/${partition}`)));
}

/** A whole disk, to be written to. */
export async function openDisk(name: string): Promise<Medium & AsyncDisposable> {
  return await openWholeDisk(`/dev/${name}`, { writable: true });
}
