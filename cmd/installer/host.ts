/** The disks of the machine, as the installer's container sees them. */
import { basename } from "node:path/posix";
import { openWholeDisk, partitionDevices } from "$lib/disk/mod.ts";
import { isBusy, rereadPartitions, zeroDevice } from "$ffi/block_device.ts";
import { MS, whileMounted } from "$ffi/mount.ts";
import { sync } from "$ffi/sync.ts";
import type { InstallerDeps } from "./installer.ts";

/** An empty directory of the container. */
const ESP = "/mnt";

/** What the installer does, done to the machine's own disks. */
export function hostDeps(say: (line: string) => void): InstallerDeps {
  return {
    openDisk: open,
    zero: (path, sizeBytes) => zeroDevice(path, { to: sizeBytes }),
    async showPartitions(disk, gpt) {
      rereadPartitions(disk);
      await partitionDevices(disk, gpt);
    },
    makeFat: (device, label) =>
      run("/usr/sbin/mkfs.fat", ["-F", "32", "-n", label, "--mbr=n", device]),
    async withEsp(device, work) {
      const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC;
      const request = { source: device, target: ESP, type: "vfat", flags, data: "umask=0077" };
      await whileMounted(request, async () => {
        await work(ESP);
        sync();
      });
    },
    say,
  };
}

async function open(path: string, { unused }: { readonly unused: boolean }) {
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info?.isBlockDevice) throw new Error("there is no such disk");
  if (Number(await Deno.readTextFile(`/sys/class/block/${basename(path)}/ro`)) === 1) {
    throw new Error("it is read-only");
  }
  if (unused && isBusy(path)) throw new Error("it, or a partition of it, is in use");
  return await openWholeDisk(path, { writable: true });
}

async function run(path: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(path, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code === 0) return;
  throw new Error(`${path} exited with code ${code}: ${new TextDecoder().decode(stderr).trim()}`);
}
