/** What UEFI firmware tells of this boot. */
import { SELECTED_VARIABLE, selectedSlot, type Slot } from "$lib/bootloader/mod.ts";

/** Where the kernel has what firmware tells; absent on machines that were started without UEFI. */
export const EFI_DIRECTORY = "/sys/firmware/efi";
/** Where its variables are mounted. */
export const EFI_VARIABLES = `${EFI_DIRECTORY}/efivars`;

const SECURE_BOOT = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/** Whether the machine was started by UEFI. */
export function hasUefi(directory = EFI_DIRECTORY): Promise<boolean> {
  return Deno.stat(directory).then(() => true, () => false);
}

/** The slot that the boot loader has booted; undefined when it was another that booted. */
export async function bootedSlot(directory = EFI_VARIABLES): Promise<Slot | undefined> {
  const variable = await read(directory, SELECTED_VARIABLE);
  return variable && selectedSlot(variable);
}

/** Whether firmware starts only what is signed; then the kernel's arguments are signed, too. */
export async function hasSecureBoot(directory = EFI_VARIABLES): Promise<boolean> {
  // Four bytes of attributes come first.
  return (await read(directory, SECURE_BOOT))?.[4] === 1;
}

async function read(directory: string, name: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(`${directory}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
