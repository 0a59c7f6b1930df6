/**
 * Variables that UEFI firmware keeps, as efivarfs shows them (Documentation/filesystems/efivarfs.rst).
 *
 * @module
 */
import { isSyscallError } from "./errno.ts";
import { Fd, O } from "./fd.ts";
import { mount, MS } from "./mount.ts";

/** Where the kernel has what firmware tells; absent on machines that were started without UEFI. */
const EFI_DIRECTORY = "/sys/firmware/efi";
/** Where the variables are mounted. */
export const EFI_VARIABLES = `${EFI_DIRECTORY}/efivars`;

/** Four bytes before each value. */
const ATTRIBUTE_BYTES = 4;
/** NON_VOLATILE, BOOTSERVICE_ACCESS and RUNTIME_ACCESS of the UEFI specification, 8.2. */
const KEPT = [7, 0, 0, 0] as const;
/** Requests and flags of linux/fs.h. */
const FLAGS = { GET: 0x80086601, SET: 0x40086602, IMMUTABLE: 0x10, bytes: 8 } as const;

/** Whether the machine was started by UEFI. */
export function hasUefi(directory = EFI_DIRECTORY): Promise<boolean> {
  return Deno.stat(directory).then(() => true, () => false);
}

/** Makes the variables readable at EFI_VARIABLES. @throws {SyscallError} as mount(2) */
export function mountEfiVariables(): void {
  mount({
    ...{ type: "efivarfs", source: "efivarfs", target: EFI_VARIABLES },
    flags: MS.NOSUID | MS.NODEV | MS.NOEXEC,
  });
}

/** The value of a variable, `Name-vendor`; undefined when there is none. */
export function readEfiVariable(
  name: string,
  directory = EFI_VARIABLES,
): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Deno.readFileSync(`${directory}/${name}`).slice(ATTRIBUTE_BYTES);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Keeps a value over restarts. @throws {SyscallError} ENOSPC when firmware has no room for it */
export function writeEfiVariable(
  name: string,
  value: Uint8Array,
  directory = EFI_VARIABLES,
): void {
  const path = `${directory}/${name}`;
  unlock(path);
  using file = Fd.open(path, O.WRONLY | O.CREAT, 0o600);
  // Firmware takes a value as a whole: what one write has is one.
  file.write(Uint8Array.of(...KEPT, ...value));
}

/** Forgets a variable, if there is one. */
export function removeEfiVariable(name: string, directory = EFI_VARIABLES): void {
  const path = `${directory}/${name}`;
  try {
    unlock(path);
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** efivarfs guards variables that it does not know by the flag of `chattr +i`. */
function unlock(path: string): void {
  try {
    using file = Fd.open(path);
    const flags = new Uint8Array(FLAGS.bytes);
    file.ioctl("FS_IOC_GETFLAGS", FLAGS.GET, flags);
    if ((flags[0]! & FLAGS.IMMUTABLE) === 0) return;
    flags[0]! &= ~FLAGS.IMMUTABLE;
    file.ioctl("FS_IOC_SETFLAGS", FLAGS.SET, flags);
  } catch (error) {
    const absent = isSyscallError(error, "ENOENT") || isSyscallError(error, "ENOTTY");
    if (!absent) throw error;
  }
}
