/** What UEFI firmware tells of this boot, and what it is told. */
import {
  ONE_SHOT_VARIABLE,
  SELECTED_VARIABLE,
  selectedSlot,
  type Slot,
  STARTS_VARIABLE,
} from "$lib/bootloader/mod.ts";
import { DATABASE_VARIABLE, readSignatureDatabase, type SignatureDatabase } from "$lib/efi/mod.ts";
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

/** Whom firmware lets start this machine; undefined when that is anybody, or not to be read. */
export function firmwareTrust(directory = EFI_VARIABLES): SignatureDatabase | undefined {
  const value = hasSecureBoot(directory)
    ? readEfiVariable(DATABASE_VARIABLE, directory)
    : undefined;
  try {
    return value && readSignatureDatabase(value);
  } catch (error) {
    // Firmware reads it in its own way: a release that may well start is not to be refused.
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** This release has come up: the early stage counts its starts from the beginning again. */
export function forgetStarts(directory = EFI_VARIABLES): void {
  // The count last: when the power goes in between, no other slot is started for no reason.
  for (const name of [ONE_SHOT_VARIABLE, STARTS_VARIABLE]) removeEfiVariable(name, directory);
}
