/** The release after the one that runs, put beside it. */
import { otherSlot } from "$lib/bootloader/mod.ts";
import { messageOf, systemClock } from "$lib/service/mod.ts";
import type { Machine } from "../machine.ts";
import { UntrustedImageError, type VerifiedInstaller } from "../release/installer.ts";
import { upgradeArguments } from "../release/installer_arguments.ts";
import type { StagedUpgrade, UpgradeRecord } from "../release/record.ts";
import type { Slots } from "../release/slots.ts";
import type { Task } from "../sequences/engine.ts";
import { refuseUnsigned } from "./install.ts";

/** An upgrade that was asked for and checked. */
export interface UpgradeOrder {
  readonly slots: Slots;
  readonly installer: VerifiedInstaller;
  /** What the machine had achieved before, which the new release has to achieve as well. */
  readonly achieved: Pick<UpgradeRecord, "services" | "node">;
}

type Upgrading = Pick<Machine, "version" | "config" | "cmdline" | "installer">;

/** After which pauses a staged image is fetched again, milliseconds: the network comes up with the boot. */
const FETCH_PAUSES_MS = [5_000, 10_000, 20_000, 40_000];

/**
 * Does the upgrade that the last boot has staged; its image is verified anew. That it could not be had
 * is written down as what became of the upgrade: nobody else would tell who waits for it.
 */
export function upgradeStaged(
  machine: Upgrading & Pick<Machine, "releases" | "log">,
  { image, achieved }: StagedUpgrade,
  pausesMs: readonly number[] = FETCH_PAUSES_MS,
): Task {
  return {
    name: "install",
    async run(signal) {
      const { releases: { slots }, version: from } = machine;
      if (!slots) throw new Error("Cannot upgrade: this machine was not started from its disk");
      const installer = await fetchAgain(machine, image, pausesMs, signal)
        .catch(async (error) => {
          const slot = otherSlot(slots.running);
          const record = { version: image, slot, from, state: "failed", ...achieved } as const;
          await slots.remember({ ...record, cause: messageOf(error) });
          throw error;
        });
      await upgrade(machine, { slots, installer, achieved }).run(signal);
    },
  };
}

async function fetchAgain(
  { installer, log }: Pick<Machine, "installer" | "log">,
  image: string,
  pausesMs: readonly number[],
  signal: AbortSignal,
): Promise<VerifiedInstaller> {
  for (const pauseMs of pausesMs) {
    try {
      return await installer.fetch(image, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof UntrustedImageError) throw error;
      log(`${messageOf(error)}; trying again`);
    }
    await systemClock.sleep(pauseMs, signal);
    signal.throwIfAborted();
  }
  return await installer.fetch(image, signal);
}

/**
 * Writes the release to the slot that does not run, to be booted next. What becomes of it is written
 * down from before the first byte: whatever happens, the next boot can say so.
 */
export function upgrade(machine: Upgrading, order: UpgradeOrder): Task {
  const { version: from, config, cmdline, installer } = machine;
  const { slots, achieved } = order;
  return {
    name: "upgrade",
    async run(signal) {
      const install = config.running.value?.config.machine.install;
      await refuseUnsigned(install);
      const { disk, running } = slots;
      const record: UpgradeRecord = {
        ...{ version: order.installer.version, slot: otherSlot(running), from },
        ...{ state: "trying", ...achieved },
      };
      const entry = await slots.runningEntry();
      await slots.remember(record);
      try {
        const args = upgradeArguments(cmdline, { disk, running, entry, install });
        await installer.run(order.installer, args, signal);
      } catch (error) {
        await slots.remember({ ...record, state: "failed", cause: messageOf(error) });
        throw error;
      }
    },
  };
}
