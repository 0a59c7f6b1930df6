/** The disks and partitions of this machine, with what is on them. */
import { basename, dirname } from "node:path";
import {
  type BlockDevice,
  isBlank,
  type Medium,
  openWholeDisk,
  PROBE_BYTES,
  xfsLabel,
} from "$lib/disk/mod.ts";

const CLASS = "/sys/class/block";
/** What the kernel makes of other things: loops, mapped devices, memory, optical drives. */
const NO_DISK = /^(loop|dm-|ram|zram|sr|fd|md)/;
/** Volumes that a virtual disk can be meant for, as its serial number says. */
const VOLUMES: ReadonlySet<string> = new Set(["STATE", "EPHEMERAL"]);
/** The kernel counts in these, whatever the disk does. */
const SECTOR_BYTES = 512;

/** Every disk and partition that can be read; one that cannot is logged. */
export async function blockDevices(log: (line: string) => void): Promise<BlockDevice[]> {
  const devices: BlockDevice[] = [];
  for await (const { name } of Deno.readDir(CLASS)) {
    if (NO_DISK.test(name)) continue;
    try {
      const device = await describe(name);
      if (device) devices.push(device);
    } catch (error) {
      log(`Cannot look at disk ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return devices;
}

async function describe(name: string): Promise<BlockDevice | undefined> {
  const fact = async (file: string) => (await Deno.readTextFile(`${CLASS}/${name}/${file}`)).trim();
  const sizeBytes = Number(await fact("size")) * SECTOR_BYTES;
  if (sizeBytes === 0) return undefined;
  const serial = await fact("serial").catch(() => "");
  const partition = /^PARTNAME=(.*)$/m.exec(await fact("uevent"))?.[1];
  const volumeName = partition ??
    (VOLUMES.has(serial) ? serial : undefined);
  const { head, tail } = await ends(`/dev/${name}`, sizeBytes);
  const label = xfsLabel(head);
  return {
    name,
    ...(volumeName === undefined ? {} : { volumeName }),
    ...(partition === undefined ? {} : { disk: await diskOf(name) }),
    readOnly: await fact("ro") === "1",
    sizeBytes,
    blank: isBlank(head) && isBlank(tail),
    ...(label === undefined ? {} : { xfsLabel: label }),
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

async function ends(
  path: string,
  sizeBytes: number,
): Promise<{ head: Uint8Array; tail: Uint8Array }> {
  using file = await Deno.open(path);
  const length = Math.min(PROBE_BYTES, sizeBytes);
  const head = await readAt(file, 0, length);
  const tail = await readAt(file, sizeBytes - length, length);
  return { head, tail };
}

async function readAt(file: Deno.FsFile, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) throw new Error(`it ends after ${offset + done} bytes`);
    done += count;
  }
  return bytes;
}
