/** A node that runs from a disk which the image was written to, and takes its installers from the test. */
import { parseDocument } from "yaml";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import type { SecureBootKey } from "../../mkimage/assets/authenticode.ts";
import { freshFirmware, makeDisk } from "./disk_image.ts";
import { mirrorInstallers, serveInstallers } from "./installers.ts";
import { BOOT_MS, type Node, type NodeOptions, startNode } from "./node.ts";
import { knownKey, secureMachine } from "./secure_firmware.ts";
import { Talosctl } from "./talosctl.ts";

/** The end of a boot on the console. */
export const BOOTED = /(?<!re)boot sequence: done/;

/** A machine that was installed by writing to its disk. */
export interface DiskNode extends AsyncDisposable {
  readonly node: Node;
  /** An administrator of it. */
  readonly user: Talosctl;
  /** Path of the disk. */
  readonly disk: string;
  /** The installers that it finds, by tag. */
  readonly images: Record<string, BuiltImage>;
  /** What its firmware wants signatures of. */
  readonly secureBoot: SecureBootKey | undefined;
  /** How much the console has shown so far, to look at what follows. */
  shown(): Promise<number>;
}

/** What is particular about a machine. */
export interface DiskNodeOptions extends Pick<NodeOptions, "config" | "memoryMib" | "ports"> {
  readonly sizeBytes: number;
  /** Of `machine.install.extraKernelArgs`, those beside what an emulated machine has. */
  readonly kernelArguments: readonly string[];
  readonly cds?: readonly string[];
  /** Firmware that starts only what the one key it knows has signed; it signs the disk. */
  readonly secureBoot?: boolean;
}

/** Starts one and brings it up; its files are in `directory`. */
export async function startDiskNode(
  directory: string,
  { sizeBytes, kernelArguments, cds = [], secureBoot = false, config, ...machine }: DiskNodeOptions,
): Promise<DiskNode> {
  await using started = new AsyncDisposableStack();
  const images: Record<string, BuiltImage> = {};
  const registry = started.use(serveInstallers(images));
  const key = secureBoot ? await knownKey() : undefined;
  const disk = await makeDisk(directory, sizeBytes, key);
  const firmware = secureBoot
    ? await secureMachine(directory)
    : { firmware: await freshFirmware(directory) };
  let yaml = "";
  const node = started.use(
    await startNode({
      ...{ disks: [disk], cds, memoryMib: 2048, ...firmware, ...machine },
      config(text) {
        const document = parseDocument(config?.(text) ?? text);
        mirrorInstallers(document, registry);
        // Where the arguments are signed with the release, nobody else may add any.
        if (!secureBoot) {
          document.setIn(["machine", "install", "extraKernelArgs"], [
            ...EMULATED_ARGUMENTS,
            ...kernelArguments,
          ]);
        }
        document.setIn(["machine", "network", "hostname"], "kept");
        return yaml = document.toString();
      },
    }),
  );
  const { address } = node;
  const user = started.use(
    await Talosctl.administrator(node),
  );
  await user.file("config.yaml", yaml);
  await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS);
  const insecure = ["--insecure", "--nodes", address];
  await user.print(["apply-config", ...insecure, "--file", "config.yaml"]);
  await node.vm.until(BOOTED, BOOT_MS);
  const all = started.move();
  return {
    ...{ node, user, disk, images, secureBoot: key },
    shown: async () => (await node.vm.console()).length,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
