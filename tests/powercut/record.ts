/** What a node writes to its disk, recorded by QEMU from the first boot to the end of an upgrade. */
import { join } from "node:path";
import { parseDocument } from "yaml";
import { renamedInstaller } from "../boot/altered_releases.ts";
import { freshFirmware, makeDisk } from "../boot/disk_image.ts";
import { BOOTED } from "../boot/disk_node.ts";
import { mirrorInstallers, NEXT_TAG, REPOSITORY, serveInstallers } from "../boot/installers.ts";
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
 * Records the life of a disk: at its first boot its partitions are made ready and formatted, it waits for
 * a configuration, gets one, saves it and becomes a node. The node is upgraded, boots its other slot and
 * makes that permanent.
 */
export async function recordLife(directory: string): Promise<Recording> {
  const recording = recordingIn(directory);
  const { disk, log } = recording;
  await makeDisk(directory, DISK_BYTES);
  const written = join(directory, "written.raw");
  await copyDisk(disk, written);
  await Deno.writeFile(log, new Uint8Array());
  await using registry = serveInstallers({
    [NEXT_TAG]: await renamedInstaller(NEXT_TAG, join(directory, "installer")),
  });
  let config = "";
  await using node = await startNode({
    ...{ firmware: await freshFirmware(directory), memoryMib: 2048 },
    args: [
      ...fileNode("written", written),
      ...fileNode("log", log),
      ...["-blockdev", "driver=blklogwrites,node-name=logged,file=written,log=log"],
      ...["-device", "virtio-blk-pci,drive=logged,bootindex=0"],
    ],
    config(yaml) {
      const document = parseDocument(yaml);
      mirrorInstallers(document, registry);
      return config = document.toString();
    },
  });
  const { address, vm } = node;
  await using user = await Talosctl.administrator(node);
  await vm.until(/maintenance mode/, BOOT_MS);
  const file = await user.file("config.yaml", config);
  await user.print(["apply-config", "--insecure", "--nodes", address, "--file", file]);
  await vm.until(BOOTED, BOOT_MS);
  await node.ready();
  const { length } = await vm.console();
  await user.print(["upgrade", "--image", `${REPOSITORY}:${NEXT_TAG}`]);
  await vm.until(/slot B has proved itself: it is permanent/, BOOT_MS, length);
  await node.ready();
  await user.print(["shutdown"]);
  await vm.off(BOOT_MS);
  await Deno.remove(written);
  return recording;
}

/** A file of this host; only the machine's flushes count, which the log has. */
function fileNode(name: string, file: string): string[] {
  return ["-blockdev", `driver=file,node-name=${name},filename=${file},cache.no-flush=on`];
}
