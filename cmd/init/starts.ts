/** Counts the starts of what is on the disk, until one comes up. */
import {
  ONE_SHOT_VARIABLE,
  oneShot,
  planStart,
  SELECTED_VARIABLE,
  selectedSlot,
  type StartPlan,
  STARTS_VARIABLE,
} from "$lib/bootloader/mod.ts";
import {
  mountEfiVariables,
  readEfiVariable,
  removeEfiVariable,
  writeEfiVariable,
} from "$ffi/efi_variable.ts";
import { say } from "./console.ts";

/**
 * Counts this start where a slot was booted, and has the boot loader take the other slot next where that is
 * the plan. Firmware that keeps nothing is no reason to stop.
 */
export function countStart(): StartPlan["kind"] {
  try {
    mountEfiVariables();
    const selected = readEfiVariable(SELECTED_VARIABLE);
    const slot = selected && selectedSlot(selected);
    if (!slot) return "start";
    const number = (readEfiVariable(STARTS_VARIABLE)?.[0] ?? 0) + 1;
    const plan = planStart(number, slot);
    if (plan.kind === "stay") {
      // The next start tries all of that again.
      removeEfiVariable(STARTS_VARIABLE);
      return plan.kind;
    }
    writeEfiVariable(STARTS_VARIABLE, Uint8Array.of(number));
    if (number > 1) say(`start ${number} in a row: those before ended before their release was up`);
    if (plan.nextSlot) {
      writeEfiVariable(ONE_SHOT_VARIABLE, oneShot(plan.nextSlot));
      say(`slot ${plan.nextSlot.toUpperCase()} is started next if this one ends early, too`);
    }
    return plan.kind;
  } catch (error) {
    say(`starts are not counted: ${error instanceof Error ? error.message : error}`);
    return "start";
  }
}
