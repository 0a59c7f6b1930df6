/** What systemd-boot is told about the releases on a disk (UAPI.1 Boot Loader Specification). */

/** The two places that a disk has for a release. */
export const SLOTS = ["a", "b"] as const;
export type Slot = typeof SLOTS[number];

/** One release as the boot menu has it. */
export interface SlotEntry {
  readonly slot: Slot;
  /** Of the entries that may be booted, the one with the highest is. */
  readonly generation: number;
  /** The release, as the menu shows it. */
  readonly version: string;
  /** The kernel's arguments. */
  readonly options: readonly string[];
  /** How often it may be tried before the other slot is booted; absent once it has proved itself. */
  readonly triesLeft?: number;
  /** How often it was tried, where that is counted. */
  readonly triesDone?: number;
}

/** Files of the EFI system partition. */
export const ESP_FILES = {
  /** Where firmware looks on a disk it knows nothing about. */
  bootloader: "/EFI/BOOT/BOOTX64.EFI",
  settings: "/loader/loader.conf",
  entries: "/loader/entries",
  slots: "/EFI/slots",
} as const;

/** Boots at once, and nobody at the console changes the kernel's arguments. */
export const LOADER_SETTINGS = ["timeout 0", "editor no", "auto-entries no", "auto-firmware no", ""]
  .join("\n");

/** The program of a slot: kernel, initramfs and root filesystem in one. */
export function slotProgram(slot: Slot): string {
  return `${ESP_FILES.slots}/${slot}.efi`;
}

/** The file of an entry: the boot loader counts tries in its name, `+left-done`. */
export function entryFile(
  { slot, triesLeft, triesDone }: Pick<SlotEntry, "slot" | "triesLeft" | "triesDone">,
): string {
  const done = triesDone === undefined ? "" : `-${triesDone}`;
  const counter = triesLeft === undefined ? "" : `+${triesLeft}${done}`;
  return `${ESP_FILES.entries}/slot-${slot}${counter}.conf`;
}

/** The text of an entry. */
export function entryText(
  { slot, generation, version, options }: Omit<SlotEntry, "triesLeft" | "triesDone">,
): string {
  return [
    `title ${version} (slot ${slot.toUpperCase()})`,
    // All have the same key, so that the version alone decides which is first.
    "sort-key node",
    `version ${generation}`,
    `efi ${slotProgram(slot)}`,
    `options ${options.join(" ")}`,
    "",
  ].join("\n");
}
