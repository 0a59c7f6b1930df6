/** A disk that holds a node's STATE volume, which keeps its configuration. */
import { blankDisk } from "./blank_disk.ts";

const DISK_BYTES = 512 << 20;

/** Makes the disk. */
export async function makeStateDisk(path: string): Promise<void> {
  await blankDisk(path, DISK_BYTES);
  const { success, stderr } = await new Deno.Command("mkfs.xfs", {
    args: ["-q", "-L", "STATE", path],
  }).output();
  if (!success) throw new Error(`Cannot make the disk: ${new TextDecoder().decode(stderr)}`);
}

/** Why this host cannot make one, or nothing when it can. */
export async function stateDiskMissing(): Promise<string | undefined> {
  const found = await new Deno.Command("mkfs.xfs", { args: ["-V"], stdout: "null" })
    .output().then(({ success }) => success, () => false);
  return found ? undefined : "mkfs.xfs is not installed";
}
