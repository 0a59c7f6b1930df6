/** A disk that boots: the image as a whole, to be written to a real disk or given to a virtual machine. */
import { basename, join } from "node:path";
import {
  entryFile,
  entryText,
  ESP_FILES,
  LOADER_SETTINGS,
  slotProgram,
} from "$lib/bootloader/mod.ts";
import {
  type Gpt,
  nodePartitions,
  openMedium,
  type PartitionPlan,
  planGpt,
  writeGpt,
} from "$lib/disk/mod.ts";
import { sha256 } from "../hash.ts";
import type { PartSize } from "../image.ts";
import { run } from "../run.ts";
import { type FatFiles, makeFat } from "./fat.ts";
import {
  type AssetOptions,
  bootArguments,
  readRelease,
  type Release,
  releaseEpoch,
} from "./release.ts";
import { diskSizes } from "./sizes.ts";

/** How a disk is kept in a file; `raw.xz` is what is downloaded. */
export const DISK_FORMATS = ["raw", "qcow2", "raw.xz"] as const;
export type DiskFormat = typeof DISK_FORMATS[number];

/** What a disk is made of. */
export interface DiskOptions extends AssetOptions {
  readonly format: DiskFormat;
  readonly sizeBytes: number;
}

const SECTOR_BYTES = 512;

/**
 * Makes the disk: the release in slot A, META, STATE and EPHEMERAL empty, to be filled when it boots.
 * Gives its parts with their sizes.
 */
export async function buildDisk(options: DiskOptions): Promise<PartSize[]> {
  const { format, output, say, sizeBytes } = options;
  const release = await readRelease(options);
  const work = await Deno.makeTempDir({ prefix: "mkimage-disk-" });
  try {
    const raw = format === "raw" ? output : join(work, "disk.raw");
    say("partitions");
    const gpt = await partition(raw, release, sizeBytes, nodePartitions);
    const [first] = gpt.partitions;
    await makeFat(raw, espFiles(release, bootArguments(options.extraArguments)), {
      offsetBytes: first!.firstSector * SECTOR_BYTES,
      sizeBytes: (first!.lastSector - first!.firstSector + 1) * SECTOR_BYTES,
      ...{ label: "EFI", bits: 32, epochSeconds: releaseEpoch(release) },
    });
    if (format !== "raw") say(format);
    if (format === "qcow2") {
      await run("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", "-c", raw, output]);
    }
    if (format === "raw.xz") {
      // In blocks of a size that does not follow from this host, so that as many threads as there are
      // give the same bytes. Nearly all of it is compressed: a higher level would only cost time.
      await run("xz", ["-k", "-1", "-T0", "--block-size=64MiB", raw]);
      await Deno.rename(`${raw}.xz`, output);
    }
    return await diskSizes(release, { name: basename(output), output, contentBytes: sizeBytes });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** The files of the EFI system partition. */
function espFiles(release: Release, options: readonly string[]): FatFiles {
  const entry = { slot: "a", generation: 1, version: release.manifest.version, options } as const;
  const text = (content: string) => new TextEncoder().encode(content);
  return [
    [ESP_FILES.bootloader, release.bootloader],
    ["/licences/systemd-boot-efi.txt", release.bootloaderLicence],
    [ESP_FILES.settings, text(LOADER_SETTINGS)],
    [entryFile(entry), text(entryText(entry))],
    [slotProgram(entry.slot), release.program(options)],
  ];
}

/** Makes a file of that size with a partition table. */
export async function partition(
  path: string,
  { manifestText }: Pick<Release, "manifestText">,
  sizeBytes: number,
  plans: (id: (name: string) => string) => PartitionPlan[],
): Promise<Gpt> {
  await Deno.writeFile(path, new Uint8Array());
  await Deno.truncate(path, sizeBytes);
  // GUIDs that follow from the image: the same input gives the same disk.
  const id = (name: string) => guidOf(sha256(`${name} ${manifestText}`));
  const sectors = Math.floor(sizeBytes / SECTOR_BYTES);
  const gpt = planGpt({ diskId: id("disk"), sectorBytes: SECTOR_BYTES, sectors }, plans(id));
  await using medium = await openMedium(path, { writable: true });
  await writeGpt(medium, gpt);
  return gpt;
}

/** A GUID of version 4 with the first bits of a hash. */
function guidOf(hash: string): string {
  return hash.replace(
    /^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/,
    "$1-$2-4$3-8$4-$5",
  );
}
