/** A disk made of the built image, and the firmware to boot it with. */
import { join } from "node:path";
import { type Medium, openMedium, readGpt } from "$lib/disk/mod.ts";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import type { SecureBootKey } from "../../mkimage/assets/authenticode.ts";
import { buildDisk } from "../../mkimage/assets/disk.ts";
import { buildIso } from "../../mkimage/assets/iso.ts";
import { parseLock } from "../../mkimage/lock.ts";
import { CACHE, LOCK_FILE } from "../../mkimage/paths.ts";
import { isOnPath } from "../../mkimage/tools.ts";
import { DIST } from "./node.ts";
import type { Firmware } from "./vm.ts";

/** Debian's build of the firmware for virtual machines. */
const OVMF = "/usr/share/OVMF";

/** Why this host cannot boot disks, or nothing when it can. */
export async function diskMissing(): Promise<string | undefined> {
  for (const program of ["mkfs.vfat", "mcopy"]) {
    if (!await isOnPath(program)) return `${program} is not installed`;
  }
  const found = await Deno.stat(`${OVMF}/OVMF_CODE_4M.fd`).catch(() => undefined);
  return found ? undefined : "OVMF is not installed";
}

/** What the image of a disk has; a larger disk is one that it was written to. */
const IMAGE_BYTES = 640 * 2 ** 20;

/** Makes a disk of `sizeBytes`, from 640 MiB on, for machines with Secure Boot when there is a key. */
export async function makeDisk(
  directory: string,
  sizeBytes: number,
  secureBoot?: SecureBootKey,
): Promise<string> {
  const output = join(directory, "disk.raw");
  await buildDisk({
    ...{ image: DIST, output, format: "raw", sizeBytes: IMAGE_BYTES },
    extraArguments: EMULATED_ARGUMENTS,
    secureBoot,
    ...{ lock: parseLock(await Deno.readTextFile(LOCK_FILE)), cache: CACHE, say: () => {} },
  });
  await Deno.truncate(output, sizeBytes);
  return output;
}

/** Makes a CD of the built image, `node.iso` in `directory`; the arguments are beside the usual ones. */
export async function makeCd(
  directory: string,
  extraArguments: readonly string[] = [],
): Promise<string> {
  const output = join(directory, "node.iso");
  await buildIso({
    ...{ image: DIST, output, extraArguments: [...extraArguments, ...EMULATED_ARGUMENTS] },
    ...{ lock: parseLock(await Deno.readTextFile(LOCK_FILE)), cache: CACHE, say: () => {} },
  });
  return output;
}

/** Opens a partition in the file of a disk, to be written to. */
export async function openPartition(
  disk: string,
  label: string,
): Promise<Medium & AsyncDisposable> {
  const medium = await openMedium(disk, { writable: true });
  const partition = (await readGpt(medium))?.gpt.partitions.find(({ name }) => name === label);
  if (!partition) throw new Error(`Cannot find ${label} on ${disk}`);
  const start = partition.firstSector * medium.sectorBytes;
  return {
    ...medium,
    name: `${label} on ${disk}`,
    sizeBytes: (partition.lastSector + 1) * medium.sectorBytes - start,
    read: (offset, length) => medium.read(start + offset, length),
    write: (offset, bytes) => medium.write(start + offset, bytes),
  };
}

/** Firmware with no memory of former boots. */
export async function freshFirmware(directory: string): Promise<Firmware> {
  const variables = join(directory, "variables.fd");
  await Deno.copyFile(`${OVMF}/OVMF_VARS_4M.fd`, variables);
  return { code: `${OVMF}/OVMF_CODE_4M.fd`, variables };
}
