/** What the next boot does about a volume that a power cut has left as it is, done to a copy of it. */
import { chooseVolume, filesystemBytes, openMedium, type Probe, probe } from "$lib/disk/mod.ts";
import { mkfsArguments } from "../../cmd/machined/tasks/xfs.ts";
import { run } from "../../mkimage/run.ts";

/**
 * Decides as a node does, and formats the file that holds the partition `label` where a node would.
 *
 * @throws {Error} when a node can neither mount the volume nor format it
 */
export async function bringUp(file: string, label: string): Promise<void> {
  const { size } = await Deno.stat(file);
  let found = await look(file);
  if (found.unfinished?.work === "wipe") {
    await Deno.truncate(file, 0);
    await Deno.truncate(file, size);
    found = await look(file);
  }
  const device = { name: "vda", volumeName: label, readOnly: false, sizeBytes: size, ...found };
  const volume = chooseVolume(label, [device]);
  if (!volume) throw new Error("it is neither mounted nor formatted by the next boot");
  if (!volume.format) return;
  const plan = { label, bytes: filesystemBytes(size), anew: found.unfinished !== undefined };
  await run("/sbin/mkfs.xfs", mkfsArguments(file, plan));
}

async function look(file: string): Promise<Probe> {
  await using medium = await openMedium(file);
  return await probe(medium);
}
