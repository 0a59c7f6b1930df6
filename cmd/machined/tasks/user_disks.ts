/** Disks beside the node's own: `machine.disks`, partitioned, formatted and mounted. */
import { dirname } from "node:path/posix";
import type { MachineConfig } from "$lib/config/mod.ts";
import {
  type BlockDevice,
  type Gpt,
  isNodeGpt,
  isUserGpt,
  type Medium,
  noteWipe,
  openWholeDisk,
  partitionDevice,
  partitionDevices,
  probe,
  readGpt,
  userGpt,
  userPartitionStep,
  writeGpt,
} from "$lib/disk/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { isBusy, rereadPartitions } from "$ffi/block_device.ts";
import { MS } from "$ffi/mount.ts";
import type { Machine } from "../machine.ts";
import { diskFault } from "../release/target_disk.ts";
import type { Task } from "../sequences/engine.ts";
import { blockDevice } from "./block_devices.ts";
import type { Mounter } from "./filesystems.ts";
import { unmountAll, type UnmountDeps } from "./unmount.ts";
import { HALF_MADE, type VarDeps } from "./var.ts";

/** One of `machine.disks`. */
export type UserDisk = NonNullable<MachineConfig["machine"]["disks"]>[number];

/** What the disks need of the kernel and of the node's programs. */
export interface UserDiskDeps extends Pick<VarDeps, "format" | "log"> {
  readonly mounter: Mounter;
  /** Has the kernel show the partitions of a disk whose table was written. */
  readonly showPartitions: (disk: string, gpt: Gpt) => Promise<void>;
  /** How long a disk may take to appear, milliseconds. */
  readonly appearMs: number;
}

/** A place where a partition is to be, and the partition or what is wrong with it. */
interface Place {
  readonly field: string;
  readonly target: string;
  readonly found: { readonly device: BlockDevice; readonly name: string } | { fault: string };
}

/** Disks on slow buses are found this much later than the kernel starts. */
const APPEAR_MS = 10_000;
const POLL_MS = 100;
const DIRECTORY_MODE = 0o755;

/**
 * Makes `machine.disks` ready and mounts them. One that cannot be used is told and does not keep the node
 * from its API; nothing can be written to where it belongs, so that no data goes to /var instead.
 */
export function mountUserDisks(
  { config, ...deps }: Pick<Machine, "config" | "mounter" | "log"> & Pick<VarDeps, "format">,
): Task {
  return {
    name: "mountUserDisks",
    run: (signal) =>
      mountDisks(config.running.value?.config.machine.disks ?? [], {
        ...deps,
        appearMs: APPEAR_MS,
        async showPartitions(disk, gpt) {
          rereadPartitions(disk);
          await partitionDevices(disk, gpt);
        },
      }, signal),
  };
}

/** Unmounts `machine.disks`, and what is mounted below them. */
export function unmountUserDisks(
  { config, ...deps }: UnmountDeps & Pick<Machine, "config">,
): Task {
  return {
    name: "unmountUserDisks",
    run() {
      const disks = config.running.value?.config.machine.disks ?? [];
      const targets = disks.flatMap(({ partitions = [] }) =>
        partitions.map(({ mountpoint = "" }) => mountpoint.replace(/\/+$/, ""))
      );
      return unmountAll(
        deps,
        (mounted) =>
          targets.some((target) =>
            target !== "" && (mounted === target || mounted.startsWith(`${target}/`))
          ),
      );
    },
  };
}

/** Makes these disks ready and mounts them, outer directories before inner ones. */
export async function mountDisks(
  disks: readonly UserDisk[],
  deps: UserDiskDeps,
  signal: AbortSignal,
): Promise<void> {
  const places: Place[] = [];
  for (const [i, disk] of disks.entries()) {
    places.push(...await placesOf(disk, `machine.disks[${i}]`, deps));
  }
  places.sort((a, b) => a.target < b.target ? -1 : 1);
  for (const place of places) {
    try {
      if ("fault" in place.found) throw new Error(place.found.fault);
      await mountOne(place.target, place.found, deps, signal);
    } catch (error) {
      signal.throwIfAborted();
      deps.log(`Cannot mount ${place.field} at ${place.target}: ${messageOf(error)}`);
      await close(place.target, deps);
    }
  }
}

/** Names under /dev of the disks that a configuration has for itself, as far as they are there. */
export async function userDiskNames(disks: readonly UserDisk[]): Promise<Set<string>> {
  const paths = await Promise.all(
    disks.map(({ device = "" }) => Deno.realPath(device).catch(() => "")),
  );
  return new Set(paths.map((path) => path.replace(/^\/dev\//, "")));
}

async function placesOf(disk: UserDisk, field: string, deps: UserDiskDeps): Promise<Place[]> {
  const wanted = disk.partitions ?? [];
  const place = (j: number, found: Place["found"]): Place => ({
    field: `${field}.partitions[${j}]`,
    target: wanted[j]?.mountpoint ?? "",
    found,
  });
  try {
    const found = await partitionsOf(disk, deps);
    return wanted.map((_, j) => {
      const one = found.find(({ number }) => number === j + 1);
      const fault = `${disk.device} has no partition ${j + 1}; a disk that has any is not changed`;
      return place(j, one ?? { fault });
    });
  } catch (error) {
    const fault = `${field}.device: ${disk.device ?? '""'}: ${messageOf(error)}`;
    return wanted.map((_, j) => place(j, { fault }));
  }
}

interface Found {
  readonly number: number;
  readonly name: string;
  readonly device: BlockDevice;
}

/** The partitions of a disk, which are made first where it is blank. */
async function partitionsOf(disk: UserDisk, deps: UserDiskDeps): Promise<Found[]> {
  const given = disk.device ?? "";
  await appears(given, deps.appearMs);
  const fault = await diskFault(given);
  if (fault !== undefined) throw new Error(fault);
  const path = await Deno.realPath(given);
  await using medium = await openWholeDisk(path, { writable: true });
  const gpt = await existing(medium, deps) ?? await partition(medium, disk, deps);
  const found: Found[] = [];
  for (const { number, name } of gpt.partitions) {
    const device = await blockDevice(partitionDevice(path, number).replace(/^\/dev\//, ""));
    if (device) found.push({ number, name, device });
  }
  return found;
}

/** The table that a disk has; one that was made here is mended. */
async function existing(disk: Medium, deps: UserDiskDeps): Promise<Gpt | undefined> {
  const reading = await readGpt(disk);
  if (!reading) return undefined;
  const { gpt, fault } = reading;
  if (isNodeGpt(gpt)) throw new Error("it is a disk of the system; name another one");
  if (fault !== undefined && isUserGpt(gpt)) {
    deps.log(`${disk.name}: the partition table is written anew: ${fault}`);
    await writeGpt(disk, gpt);
    await deps.showPartitions(disk.name, gpt);
  }
  return gpt;
}

/** Partitions a blank disk. When that is cut off the next boot finds a table, or a note to wipe the disk. */
async function partition(disk: Medium, wanted: UserDisk, deps: UserDiskDeps): Promise<Gpt> {
  const { blank } = await probe(disk);
  if (!blank || isBusy(disk.name)) {
    const why = blank ? "it is in use" : "it is not blank, and has no partitions";
    throw new Error(
      `${why}; name another disk, or lose what is on it with "wipefs -a ${disk.name}" and ` +
        `"blkdiscard -z ${disk.name}" from another system`,
    );
  }
  const gpt = userGpt(disk, (wanted.partitions ?? []).map(({ size = 0 }) => size));
  deps.log(`${disk.name} is blank: making ${gpt.partitions.length} partitions on it`);
  await noteWipe(disk);
  await writeGpt(disk, gpt);
  await deps.showPartitions(disk.name, gpt);
  return gpt;
}

async function mountOne(
  target: string,
  { device, name }: Pick<Found, "device" | "name">,
  { format, mounter, log }: UserDiskDeps,
  signal: AbortSignal,
): Promise<void> {
  const path = `/dev/${device.name}`;
  const step = userPartitionStep(name, device);
  if (typeof step === "object") throw new Error(`${path}: ${step.fault}`);
  await makeDirectory(target);
  if (step === "format") {
    log(`${path} ${device.blank ? "is blank" : HALF_MADE}: making the filesystem of ${target}`);
    await format(device, name, signal);
  }
  mounter.mount({ type: "xfs", source: path, target, flags: MS.NOATIME });
  log(`${target} is on ${path}`);
}

/** Whoever can write to /var must not lead a mount elsewhere. */
async function makeDirectory(target: string): Promise<void> {
  if (!target.startsWith("/")) throw new Error("mountpoint is not an absolute path");
  await Deno.mkdir(target, { recursive: true, mode: DIRECTORY_MODE });
  const real = await Deno.realPath(target);
  if (real === target.replace(/\/+$/, "")) return;
  throw new Error(`mountpoint leads to ${real}: remove the link in ${dirname(target)}`);
}

/** Has nothing be written to where a disk is missing. */
async function close(target: string, { mounter, log }: UserDiskDeps): Promise<void> {
  try {
    await makeDirectory(target);
    mounter.mount({ type: "tmpfs", source: "missing", target, flags: MS.RDONLY, data: "size=4k" });
  } catch (error) {
    log(`Cannot close ${target}: ${messageOf(error)}`);
  }
}

async function appears(path: string, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (await Deno.stat(path).then(() => true, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
