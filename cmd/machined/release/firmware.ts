/** What UEFI firmware tells of this boot, and what it is told. */
import {
  ONE_SHOT_VARIABLE,
  SELECTED_VARIABLE,
  selectedSlot,
  type Slot,
  STARTS_VARIABLE,
} from "$lib/bootloader/mod.ts";
import { EFI_VARIABLES, readEfiVariable, removeEfiVariable } from "$ffi/efi_variable.ts";

const SECURE_BOOT = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/** The slot that the boot loader has booted; undefined when it was another that booted. */
export function bootedSlot(directory = EFI_VARIABLES): Slot | undefined {
  const value = readEfiVariable(SELECTED_VARIABLE, directory);
  return value && selectedSlot(value);
}

/** Whether firmware starts only what is signed; then the kernel's arguments are signed, too. */
export function hasSecureBoot(directory = EFI_VARIABLES): boolean {
  return readEfiVariable(SECURE_BOOT, directory)?.[0] === 1;
}

/** This release has come up: the early stage counts its starts from the beginning again. */
export function forgetStarts(directory = EFI_VARIABLES): void {
  // The count last: when the power goes in between, no other slot is started for no reason.
  for (const name of [ONE_SHOT_VARIABLE, STARTS_VARIABLE]) removeEfiVariable(name, directory);
}
