/** A CD that machines with UEFI boot, or a stick: the same bytes have a partition table too. */
import { basename } from "node:path";
import { openMedium, PARTITION_TYPE } from "$lib/disk/mod.ts";
import type { PartSize } from "../image.ts";
import { partition } from "./disk.ts";
import { makeFat } from "./fat.ts";
import { BLOCK_BYTES, cdDescriptors, SYSTEM_BLOCKS } from "./iso9660.ts";
import { type AssetOptions, bootArguments, readRelease, releaseEpoch } from "./release.ts";
import { diskSizes } from "./sizes.ts";

const MIB = 2 ** 20;
/** Not the name of a partition of a node: nothing on the CD is taken for the node's own disk. */
const LABEL = "TALOS";
/** What firmware starts on a medium that it knows nothing about. */
const PROGRAM = "/EFI/BOOT/BOOTX64.EFI";

/**
 * Makes the CD. There is one release on it, so that firmware starts it without a boot loader between.
 * Gives its parts with their sizes.
 */
export async function buildIso(options: AssetOptions): Promise<PartSize[]> {
  const { output, say } = options;
  const release = await readRelease(options);
  const program = release.program(bootArguments(options.extraArguments));
  // What the file system takes for itself is less than this.
  const fatBytes = Math.ceil(program.length / MIB) * MIB + 2 * MIB;
  // In front of it and behind it is a partition table.
  const sizeBytes = fatBytes + 2 * MIB;
  const epochSeconds = releaseEpoch(release);
  say("file system");
  await partition(output, release, sizeBytes, (id) => [
    { name: LABEL, type: PARTITION_TYPE.esp, id: id(LABEL), sizeBytes: fatBytes },
  ]);
  await makeFat(output, [[PROGRAM, program]], {
    ...{ offsetBytes: MIB, sizeBytes: fatBytes, label: LABEL, bits: 16, epochSeconds },
  });
  const descriptors = cdDescriptors({
    ...{ label: LABEL, blocks: sizeBytes / BLOCK_BYTES, bootBlock: MIB / BLOCK_BYTES },
    epochSeconds,
  });
  await using medium = await openMedium(output, { writable: true });
  await medium.write(SYSTEM_BLOCKS * BLOCK_BYTES, descriptors);
  return await diskSizes(release, { name: basename(output), output, contentBytes: sizeBytes });
}
