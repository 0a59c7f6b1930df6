/** The release after the one that runs, put beside it. */
import { otherSlot } from "$lib/bootloader/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import type { Machine } from "../machine.ts";
import type { VerifiedInstaller } from "../release/installer.ts";
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

/** Does the upgrade that the last boot has staged; its image is verified anew. */
export function upgradeStaged(
  machine: Upgrading & Pick<Machine, "releases">,
  { image, achieved }: StagedUpgrade,
): Task {
  return {
    name: "install",
    async run(signal) {
      const { slots } = machine.releases;
      if (!slots) throw new Error("Cannot upgrade: this machine was not started from its disk");
      const installer = await machine.installer.fetch(image, signal);
      await upgrade(machine, { slots, installer, achieved }).run(signal);
    },
  };
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
