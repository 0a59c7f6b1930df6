/** The end of what a machine keeps. */
import type { BlockDevice } from "$lib/disk/mod.ts";
import type { Machine } from "../machine.ts";
import { devicesOf, everything } from "../release/wipe.ts";
import type { Task } from "../sequences/engine.ts";
import { blockDevices } from "./block_devices.ts";
import { wipeDevices } from "./wipe.ts";

/** Makes the whole of the machine's disk zeros. */
export function resetSystemDisk(machine: Pick<Machine, "log">): Task {
  return { name: "resetSystemDisk", run: (signal) => zero(machine, everything, signal) };
}

/** Makes the partitions of these labels zeros; the next boot makes what it needs anew. */
export function resetSystemDiskSpec(
  machine: Pick<Machine, "log">,
  labels: readonly string[],
): Task {
  const chosen = (devices: readonly BlockDevice[]) => devicesOf(labels, devices);
  return { name: "resetSystemDiskSpec", run: (signal) => zero(machine, chosen, signal) };
}

async function zero(
  { log }: Pick<Machine, "log">,
  choose: (devices: readonly BlockDevice[]) => readonly BlockDevice[],
  signal: AbortSignal,
): Promise<void> {
  await wipeDevices(choose(await blockDevices(log)), { log, signal });
}
