/** Whether a disk boots that a power cut has left as it is. */
import { join } from "node:path";
import { freshFirmware } from "../boot/disk_image.ts";
import { BOOT_MS, startNode } from "../boot/node.ts";
import { copyDisk } from "./copy_disk.ts";

/** It runs, as a node or waiting for what makes it one. */
const UP = /maintenance mode: |(?<!re)boot sequence: done/;
/** What the kernel, or PID 1, says when it does not go on. */
const BROKEN = /Kernel panic|rebooting in \d+ seconds|Call Trace:/;

/** Boots a copy of the disk. @throws {Error} with the end of the console when it does not come up */
export async function bootCopy(disk: string): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "powercut-boot-" });
  try {
    const copy = join(directory, "disk.raw");
    await copyDisk(disk, copy);
    await using node = await startNode({
      ...{ disks: [copy], firmware: await freshFirmware(directory), memoryMib: 2048 },
    });
    const [seen] = await node.vm.until(new RegExp(`${UP.source}|${BROKEN.source}`), BOOT_MS);
    if (!BROKEN.test(seen)) return;
    const tail = (await node.vm.console()).split("\n").slice(-40).join("\n");
    throw new Error(`Cannot boot after a power cut:\n${tail}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
