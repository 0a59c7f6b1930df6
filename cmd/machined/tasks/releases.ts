/** The releases of this machine, found at boot, and the end of a release's trial. */
import { openMedium } from "$lib/disk/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { hasUefi } from "$ffi/efi_variable.ts";
import { whileMounted } from "$ffi/mount.ts";
import type { Machine } from "../machine.ts";
import { bootedSlot } from "../release/firmware.ts";
import { MetaStore } from "../release/meta.ts";
import { Slots } from "../release/slots.ts";
import { type SystemDisk, systemDisk } from "../release/system_disk.ts";
import type { Task } from "../sequences/engine.ts";
import { blockDevices } from "./block_devices.ts";
import { NODEV, NOEXEC, NOSUID } from "./filesystems.ts";

/** Where the EFI system partition is mounted while something is done with it. */
const ESP_DIRECTORY = "/system/run/esp";
/** What reads that partition. */
const MODULES = ["vfat", "nls_cp437", "nls_iso8859_1", "nls_ascii"];

type Finding = Pick<Machine, "log" | "modules" | "releases">;

/**
 * Finds the disk that the machine was started from and the slot that was booted, and begins the trial of
 * a new release. What stands against it is logged: the machine runs all the same.
 */
export function findReleases(machine: Finding): Task {
  return {
    name: "findReleases",
    async run(signal) {
      try {
        await find(machine, signal);
      } catch (error) {
        signal.throwIfAborted();
        machine.log(`The releases on this machine's disk are left alone: ${messageOf(error)}`);
      }
    },
  };
}

async function find({ log, modules, releases }: Finding, signal: AbortSignal) {
  const disk = systemDisk(await blockDevices(log));
  if (!await hasUefi()) return;
  await modules.load(MODULES, signal);
  const running = bootedSlot();
  if (!disk || !running) return;
  const slots = new Slots({
    ...{ disk: disk.path, running, meta: metaOf(disk, log) },
    withEsp: espOf(disk),
  });
  await releases.open(slots);
  log(`started from slot ${running.toUpperCase()} of ${disk.path}`);
}

/** The META of a disk. */
export function metaOf({ partitions }: SystemDisk, log: (line: string) => void): MetaStore {
  const { name, sizeBytes } = partitions.META;
  return new MetaStore({
    open: () => openMedium(`/dev/${name}`, { writable: true, sizeBytes }),
    log,
  });
}

/** Mounts the partition only while it is used: a machine that is cut off leaves it clean. */
function espOf({ partitions }: SystemDisk) {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: (root: string) => Promise<T>): Promise<T> => {
    const turn = last.then(async () => {
      await Deno.mkdir(ESP_DIRECTORY, { recursive: true, mode: 0o700 });
      const request = {
        ...{ type: "vfat", source: `/dev/${partitions.EFI.name}`, target: ESP_DIRECTORY },
        ...{ flags: NOSUID | NODEV | NOEXEC, data: "umask=0077" },
      };
      return await whileMounted(request, () => work(ESP_DIRECTORY));
    });
    last = turn.catch(() => {});
    return turn;
  };
}

/** Waits until a release on trial has proved itself, and makes it permanent. */
export function updateBootloader({ releases }: Pick<Machine, "releases">): Task {
  return { name: "updateBootloader", run: (signal) => releases.prove(signal) };
}
