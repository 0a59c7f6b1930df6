/**
 * Puts a release on a disk. An installation makes the disk's partitions and the release bootable in
 * this order, so that a disk that was left half-way does not boot, and says on the disk that it is under
 * way: what was cut off begins anew. An upgrade writes to the slot that does not run.
 */
import { copyFile, mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path/posix";
import {
  carryOut,
  ESP_FILES,
  LOADER_SETTINGS,
  planInstall,
  planUpgrade,
  readEntries,
} from "$lib/bootloader/mod.ts";
import {
  endInstallation,
  type Gpt,
  type Medium,
  nodeGpt,
  noteInstallation,
  partitionDevice,
  readGpt,
  targetFault,
  writeGpt,
} from "$lib/disk/mod.ts";
import { INSTALLER, parseManifest } from "$lib/image/mod.ts";
import type { Order } from "./arguments.ts";

/** What the installer does to the machine. */
export interface InstallerDeps {
  /** Opens a disk; one that must be unused is refused while it is not. */
  readonly openDisk: (
    path: string,
    options: { readonly unused: boolean },
  ) => Promise<Medium & AsyncDisposable>;
  /** Makes a whole device zeros. */
  readonly zero: (path: string, sizeBytes: number) => Promise<void>;
  /** Comes back once the devices of these partitions are there. */
  readonly showPartitions: (disk: string, gpt: Gpt) => Promise<void>;
  /** Makes a FAT filesystem on a device. */
  readonly makeFat: (device: string, label: string) => Promise<void>;
  /** Mounts the EFI system partition while `work` goes on at the directory that it is given. */
  readonly withEsp: (device: string, work: (root: string) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
}

/** Does what the order says. @throws {Error} that says what stands against it */
export async function carryOutOrder(order: Order, deps: InstallerDeps): Promise<void> {
  const release = { version: await versionOf(order), options: order.options };
  const program = join(order.source, INSTALLER.bootProgram);
  await using disk = await openDisk(order, deps);
  if (order.command === "install") {
    deps.say(`installing ${release.version} to ${order.disk}`);
    const gpt = await partition(disk, order, deps);
    const esp = partitionDevice(disk.name, 1);
    await deps.makeFat(esp, "EFI");
    await deps.withEsp(esp, async (root) => {
      await carryOut(root, planInstall(release), program);
      await writeSynced(join(root, ESP_FILES.settings), LOADER_SETTINGS);
      // Last: without it firmware finds nothing to boot.
      await copySynced(join(order.source, INSTALLER.bootloader), join(root, ESP_FILES.bootloader));
    });
    await endInstallation(disk, gpt);
  } else {
    deps.say(`writing ${release.version} to ${order.disk} beside slot ${order.running}`);
    await deps.withEsp(await espOf(disk, order.disk), async (root) => {
      const steps = planUpgrade(await readEntries(root), order.running, release);
      await carryOut(root, steps, program);
    });
  }
  deps.say(`${release.version} is on ${order.disk}`);
}

async function versionOf({ source }: Order): Promise<string> {
  return parseManifest(await readFile(join(source, "manifest.json"), "utf8")).version;
}

async function openDisk({ command, disk }: Order, deps: InstallerDeps) {
  try {
    return await deps.openDisk(disk, { unused: command === "install" });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot ${command} to ${disk}: ${reason}`, { cause });
  }
}

/** Gives the disk the partitions of a node. */
async function partition(disk: Medium, order: Order, deps: InstallerDeps): Promise<Gpt> {
  const { name } = disk;
  // Asked before anything goes: a disk that is too small keeps what it has.
  const fault = await targetFault(disk, order.wipe);
  if (fault !== undefined) throw new Error(`Cannot install to ${name}: ${fault}`);
  const gpt = nodeGpt(disk);
  if (order.wipe) {
    deps.say(`wiping ${name}`);
    await deps.zero(name, disk.sizeBytes);
  }
  await noteInstallation(disk, gpt);
  await writeGpt(disk, gpt);
  await deps.showPartitions(name, gpt);
  return gpt;
}

async function espOf(disk: Medium, path: string): Promise<string> {
  const esp = (await readGpt(disk))?.gpt.partitions.find(({ name }) => name === "EFI");
  if (!esp) throw new Error(`Cannot upgrade ${path}: it has no partition EFI`);
  return partitionDevice(path, esp.number);
}

async function writeSynced(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await using file = await open(path, "w");
  await file.writeFile(text);
  await file.sync();
}

async function copySynced(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await using file = await open(to, "r+");
  await file.sync();
}
