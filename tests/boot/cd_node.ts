/** A machine with an empty disk that boots a CD of the image, and takes its installers from the test. */
import { join } from "node:path";
import { type Document, parseDocument } from "yaml";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { blankDisk } from "./blank_disk.ts";
import { builtManifest } from "./built_manifest.ts";
import { freshFirmware, makeCd } from "./disk_image.ts";
import { installerOf, mirrorInstallers, REPOSITORY, serveInstallers } from "./installers.ts";
import { BOOT_MS, DIST, type Node, type NodeOptions, startNode } from "./node.ts";
import { Talosctl } from "./talosctl.ts";

const DISK_BYTES = 3 * 2 ** 30;

/** A machine that waits for a configuration which has it install itself. */
export interface CdNode extends AsyncDisposable {
  readonly node: Node;
  /** An administrator of it. */
  readonly user: Talosctl;
  /** Path of the disk. */
  readonly disk: string;
  /** The release on the CD, which it is to install. */
  readonly tag: string;
  /** The configuration that is meant for it. */
  readonly config: string;
  /** The installers that it finds, by tag; that of its release is there. */
  readonly images: Record<string, BuiltImage>;
  /** Gives it the configuration. */
  configure(): Promise<void>;
}

/** What is particular about a machine. */
export interface CdNodeOptions extends Pick<NodeOptions, "args"> {
  /** Of `machine.install.extraKernelArgs`, those beside what an emulated machine has. */
  readonly kernelArguments?: readonly string[];
  /** Changes its configuration, beside what the installation needs. */
  readonly change?: (document: Document) => void;
}

/** Starts one and waits until it asks for a configuration; its files are in `directory`. */
export async function startCdNode(
  directory: string,
  { kernelArguments = [], change, args = [] }: CdNodeOptions = {},
): Promise<CdNode> {
  await using started = new AsyncDisposableStack();
  const { version: tag } = await builtManifest();
  const images = { [tag]: await installerOf(DIST, join(directory, "this")) };
  const registry = started.use(serveInstallers(images));
  const [disk, cd] = [join(directory, "disk.raw"), await makeCd(directory)];
  await blankDisk(disk, DISK_BYTES);
  let config = "";
  const node = started.use(
    await startNode({
      ...{ disks: [disk], cds: [cd], firmware: await freshFirmware(directory), memoryMib: 2048 },
      args,
      config(text) {
        const document = parseDocument(text);
        document.setIn(["machine", "install"], {
          ...{ disk: "/dev/vda", image: `${REPOSITORY}:${tag}`, wipe: false },
          extraKernelArgs: [...EMULATED_ARGUMENTS, ...kernelArguments],
        });
        mirrorInstallers(document, registry);
        change?.(document);
        return config = document.toString();
      },
    }),
  );
  const user = started.use(await Talosctl.administrator(node));
  const file = await user.file("config.yaml", config);
  await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS);
  const all = started.move();
  return {
    ...{ node, user, disk, tag, config, images },
    async configure() {
      await user.print(["apply-config", "--insecure", "--nodes", node.address, "--file", file]);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
