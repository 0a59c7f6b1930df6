/** The files that machines are started from: whether they are there, and how machines get them. */
import { join, resolve } from "node:path";
import { PXE_SCRIPT } from "$lib/image/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { fileReason, statIfPresent } from "../files.ts";
import type { HostFiles } from "../host.ts";
import { type Boot, type BootSource, SOURCE_FLAG } from "./boot.ts";
import { readDiskImage } from "./disks.ts";
import type { CreateOptions } from "./options.ts";
import type { QemuBoot } from "./qemu.ts";
import type { NodeState } from "./state.ts";

/** The least disk, MiB: two releases, META and STATE, and something for /var. */
const LEAST_DISK_MIB = 1024;

/** @throws {Error} that says how to make what is missing */
export async function checkSource(files: HostFiles, source: BootSource): Promise<void> {
  for (const { what, path, task, flag } of needed(source)) {
    if (await statIfPresent(files, path)) continue;
    throw new Error(`Cannot find the ${what} "${path}": ${made(task)} or set ${flag}`);
  }
}

function made(task: string): string {
  return `${task === "image" ? "build the image" : "make it"} with "deno task ${task}"`;
}

interface Needed {
  readonly what: string;
  readonly path: string;
  /** What makes it. */
  readonly task: string;
  readonly flag: string;
}

function needed(source: BootSource): Needed[] {
  const flag = SOURCE_FLAG[source.kind];
  switch (source.kind) {
    case "kernel":
      return [
        { what: "kernel", path: source.kernel, task: "image", flag },
        { what: "initramfs", path: source.initrd, task: "image", flag: "--initrd-path" },
      ];
    case "iso":
      return [{ what: "CD", path: source.path, task: "iso", flag }];
    case "disk":
      return [{ what: "disk image", path: source.path, task: "disk", flag }];
    case "pxe":
      return [{
        ...{ what: "script for iPXE", path: join(source.directory, PXE_SCRIPT), task: "pxe", flag },
      }];
  }
}

/** @throws {Error} when the machines' disks are too small, or cannot be made of the image */
export async function checkDisk(
  files: HostFiles,
  { boot, diskMib }: Pick<CreateOptions, "boot" | "diskMib">,
): Promise<void> {
  if (boot.bootloader && diskMib < LEAST_DISK_MIB) {
    throw new Error(
      `Cannot install to a disk of ${diskMib} MB: set --disk to ${LEAST_DISK_MIB} or more`,
    );
  }
  const { source } = boot;
  if (source.kind !== "disk") return;
  const { sizeBytes } = await readDiskImage(files, source.path).catch((cause) => {
    const reason = cause instanceof TypeError ? messageOf(cause) : fileReason(cause);
    throw new Error(`Cannot use --disk-image-path "${source.path}": ${reason}`, { cause });
  });
  const leastMib = Math.ceil(sizeBytes / 2 ** 20);
  if (leastMib <= diskMib) return;
  throw new Error(
    `Cannot copy "${source.path}" to a disk of ${diskMib} MB: set --disk to ${leastMib} or more`,
  );
}

/** What is served to machines, by path. */
export interface ServedFiles {
  readonly files: Readonly<Record<string, string>>;
  /** The path that the machine of this name begins with; empty where it asks for nothing. */
  readonly start: (name: string) => string;
}

/** What is served to machines that start like that: a kernel's configuration, or all of PXE. */
export async function servedFiles(
  { files }: { readonly files: HostFiles },
  { source, handOver }: Pick<Boot, "source" | "handOver">,
  nodes: readonly Pick<NodeState, "name">[],
  configFile: (name: string) => string,
): Promise<ServedFiles> {
  if (source.kind === "kernel" && handOver === "served") {
    const paths = new Map(nodes.map(({ name }) => [name, `/${crypto.randomUUID()}/config.yaml`]));
    return {
      files: Object.fromEntries([...paths].map(([name, path]) => [path, configFile(name)])),
      start: (name) => paths.get(name) ?? "",
    };
  }
  if (source.kind !== "pxe") return { files: {}, start: () => "" };
  const directory = resolve(source.directory);
  const served: Record<string, string> = {};
  for await (const { name, isFile } of files.readDir(directory)) {
    if (isFile && /^[\w.-]+$/.test(name)) served[`/pxe/${name}`] = join(directory, name);
  }
  return { files: served, start: () => `/pxe/${PXE_SCRIPT}` };
}

/** How QEMU starts a machine; `url` is where iPXE begins, and `cmdline` is a kernel's. */
export function qemuBoot(
  source: BootSource,
  { url, cmdline }: { readonly url: string; readonly cmdline: string },
): QemuBoot {
  switch (source.kind) {
    case "kernel":
      return {
        ...{ kind: "kernel", kernel: resolve(source.kernel), initrd: resolve(source.initrd) },
        cmdline,
      };
    case "iso":
      return { kind: "iso", path: resolve(source.path) };
    case "disk":
      return { kind: "disk", image: resolve(source.path) };
    case "pxe":
      return { kind: "pxe", script: url };
  }
}
