/**
 * The boot loader's files: two slots for releases, and which of them is booted.
 *
 * ```ts
 * import { entryFile } from "$lib/bootloader/mod.ts";
 *
 * console.assert(entryFile({ slot: "b", triesLeft: 1 }) === "/loader/entries/slot-b+1.conf");
 * ```
 *
 * @module
 */
export {
  entryFile,
  entryText,
  ESP_FILES,
  LOADER_SETTINGS,
  type Slot,
  type SlotEntry,
  slotProgram,
  SLOTS,
} from "./entry.ts";
export { carryOut, readEntries } from "./esp.ts";
export {
  bootOrder,
  type BootStep,
  entryOf,
  type NewRelease,
  onTrial,
  otherSlot,
  planBless,
  planInstall,
  planRollback,
  planUpgrade,
  SlotError,
} from "./plan.ts";
export { readEntry, SELECTED_VARIABLE, selectedSlot } from "./read_entry.ts";
export {
  ONE_SHOT_VARIABLE,
  oneShot,
  planStart,
  type StartPlan,
  STARTS_OF_A_RELEASE,
  STARTS_VARIABLE,
} from "./starts.ts";
