/** The disk before it is written to: nothing may use it any more. */
import { parseMounts } from "$lib/procfs/mod.ts";
import { type Clock } from "$lib/service/mod.ts";
import type { Task } from "../sequences/engine.ts";

/** What the check needs; `$ffi/block_device.ts` fits `isBusy`. */
export interface VerifyDiskDeps {
  readonly isBusy: (path: string) => boolean;
  /** Devices that must be free. */
  readonly devices: readonly string[];
  /** Tries to unmount what is still there. */
  readonly unmount: (signal: AbortSignal) => Promise<void>;
  readonly mounts: () => Promise<string>;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/** How long what uses the disk may take to let go, milliseconds. */
const FREE_MS = 3 * 60_000;
const RETRY_MS = 5_000;

/** Waits until nobody uses the devices. @throws {Error} naming those that stay in use */
export function verifyDisk(deps: VerifyDiskDeps): Task {
  const { isBusy, devices, clock, log } = deps;
  return {
    name: "verifyDiskAvailability",
    async run(signal) {
      const deadline = clock.monotonic() + FREE_MS;
      for (let told = false;; told = true) {
        const busy = devices.filter((path) => isBusy(path));
        if (busy.length === 0) return;
        if (!told) log(`${busy.join(", ")} in use: ${await mountsOf(deps, busy)}`);
        if (clock.monotonic() >= deadline) {
          throw new Error(`${busy.join(", ")} in use after ${FREE_MS / 60_000} minutes`);
        }
        await clock.sleep(RETRY_MS, signal);
        signal.throwIfAborted();
        await deps.unmount(signal);
      }
    },
  };
}

async function mountsOf({ mounts }: VerifyDiskDeps, busy: readonly string[]): Promise<string> {
  const of = parseMounts(await mounts()).filter(({ source }) => busy.includes(source));
  return of.map(({ source, target }) => `${source} at ${target}`).join(", ") || "not mounted";
}
