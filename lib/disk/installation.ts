/**
 * Installations that were cut off. From before a disk has a table until it boots, a note in META says that
 * it is not installed yet: its partitions are nobody's, and installing begins anew.
 */
import type { Gpt, GptPartition } from "./gpt.ts";
import { GptError, readGpt } from "./gpt_disk.ts";
import type { NodePartition } from "./layout.ts";
import type { Medium } from "./medium.ts";
import { type Probe, probe } from "./probe.ts";
import { clearNote, noteInstall } from "./unfinished.ts";
import type { BlockDevice } from "./volume.ts";

type Disk = Pick<Medium, "sizeBytes" | "read">;

/** The partitions in which there is something to lose once a machine has run from the disk. */
const FILLED_LATER: readonly NodePartition[] = ["STATE", "EPHEMERAL"];

/** Says on a disk, which is to get this table, that installing to it has begun. */
export async function noteInstallation(disk: Medium, gpt: Gpt): Promise<void> {
  await noteInstall(partitionOf(disk, gpt, "META"));
}

/** Says that the disk boots from now on. */
export async function endInstallation(disk: Medium, gpt: Gpt): Promise<void> {
  await clearNote(partitionOf(disk, gpt, "META"));
}

/** Whether the disk holds half an installation, and nothing beside it. */
export async function isHalfInstalled(disk: Medium): Promise<boolean> {
  const gpt = await readGpt(disk).then((reading) => reading?.gpt, (error) => {
    if (error instanceof GptError) return undefined;
    throw error;
  });
  if (!gpt) return false;
  const partitions = await Promise.all(
    gpt.partitions.map(async ({ name, ...place }) => ({
      volumeName: name,
      ...await probe(part(disk, gpt, place)),
    })),
  );
  return isHalf(partitions);
}

/** The devices without what the partitions of a disk are for, where that is half installed. */
export function withoutHalfInstalled(devices: readonly BlockDevice[]): BlockDevice[] {
  const half = new Set(
    [...new Set(devices.flatMap(({ disk }) => disk ?? []))]
      .filter((disk) => isHalf(devices.filter((device) => device.disk === disk))),
  );
  return devices.map((device) => {
    const { volumeName: _, ...unnamed } = device;
    return half.has(device.disk ?? "") ? unnamed : device;
  });
}

function isHalf(partitions: readonly (Probe & { readonly volumeName?: string })[]): boolean {
  const named = (label: NodePartition) => partitions.find(({ volumeName }) => volumeName === label);
  return named("META")?.unfinished?.work === "install" &&
    FILLED_LATER.every((label) => named(label)?.blank);
}

function partitionOf(disk: Medium, gpt: Gpt, label: NodePartition): Medium {
  const place = gpt.partitions.find(({ name }) => name === label);
  if (!place) throw new RangeError(`Cannot install to ${disk.name}: it gets no partition ${label}`);
  const { start, sizeBytes } = extent(gpt, place);
  return {
    ...disk,
    ...part(disk, gpt, place),
    sizeBytes,
    write: (offset, bytes) => disk.write(start + offset, bytes),
  };
}

function part(
  disk: Disk,
  gpt: Gpt,
  place: Pick<GptPartition, "firstSector" | "lastSector">,
): Disk {
  const { start, sizeBytes } = extent(gpt, place);
  return { sizeBytes, read: (offset, length) => disk.read(start + offset, length) };
}

function extent(
  { sectorBytes }: Gpt,
  { firstSector, lastSector }: Pick<GptPartition, "firstSector" | "lastSector">,
): { readonly start: number; readonly sizeBytes: number } {
  return {
    start: firstSector * sectorBytes,
    sizeBytes: (lastSector - firstSector + 1) * sectorBytes,
  };
}
