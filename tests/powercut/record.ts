/** What a node writes to its disk, recorded by QEMU from the first boot on. */
import { join } from "node:path";
import { addContext, contextOf, Talosconfig } from "$lib/talosconfig/mod.ts";
import { freshFirmware, makeDisk } from "../boot/disk_image.ts";
import { BOOT_MS, startNode } from "../boot/node.ts";
import { Talosctl } from "../boot/talosctl.ts";
import { copyDisk } from "./copy_disk.ts";
import type { Recording } from "./run.ts";

const DISK_BYTES = 3 * 2 ** 30;

/** The files of a recording in a directory. */
export function recordingIn(directory: string): Recording {
  return { disk: join(directory, "disk.raw"), log: join(directory, "disk.log") };
}

/**
 * Records the first boot of a disk: its partitions are made ready and formatted, it waits for a
 * configuration, gets one, saves it and becomes a node.
 */
export async function recordFirstBoot(directory: string): Promise<Recording> {
  const recording = recordingIn(directory);
  const { disk, log } = recording;
  await makeDisk(directory, DISK_BYTES);
  const written = join(directory, "written.raw");
  await copyDisk(disk, written);
  await Deno.writeFile(log, new Uint8Array());
  let config = "";
  await using node = await startNode({
    ...{ firmware: await freshFirmware(directory), memoryMib: 2048 },
    args: [
      ...fileNode("written", written),
      ...fileNode("log", log),
      ...["-blockdev", "driver=blklogwrites,node-name=logged,file=written,log=log"],
      ...["-device", "virtio-blk-pci,drive=logged,bootindex=0"],
    ],
    config: (yaml) => config = yaml,
  });
  const { address, ca, admin } = node;
  const nodes = [address];
  const context = contextOf({ ca: ca.crt, ...admin }, { endpoints: nodes, nodes });
  const talosconfig = addContext(Talosconfig.empty(), "powercut", context).toString();
  await using user = await Talosctl.make(talosconfig);
  await node.vm.until(/maintenance mode/, BOOT_MS);
  const file = await user.file("config.yaml", config);
  await user.print(["apply-config", "--insecure", "--nodes", address, "--file", file]);
  await node.ready();
  await node.vm.until(/(?<!re)boot sequence: done/, BOOT_MS);
  await user.print(["shutdown"]);
  await node.vm.off(BOOT_MS);
  await Deno.remove(written);
  return recording;
}

/** A file of this host; only the machine's flushes count, which the log has. */
function fileNode(name: string, file: string): string[] {
  return ["-blockdev", `driver=file,node-name=${name},filename=${file},cache.no-flush=on`];
}
