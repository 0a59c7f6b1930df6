/**
 * Which release is booted next: decisions over the entries of a disk. A plan is a list of steps, each
 * durable before the next begins: whenever the power goes, the disk boots one release or the other.
 */
import {
  entryFile,
  entryText,
  ESP_FILES,
  type Slot,
  type SlotEntry,
  slotProgram,
  SLOTS,
} from "./entry.ts";

/** One change of the EFI system partition; paths are those inside it. */
export type BootStep =
  | { readonly kind: "write"; readonly path: string; readonly text: string }
  /** Copies the release's program, under a temporary name first. */
  | { readonly kind: "program"; readonly path: string; readonly temporary: string }
  | { readonly kind: "publish"; readonly temporary: string; readonly path: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly path: string };

/** A release as its entry is to have it. */
export type NewRelease = Pick<SlotEntry, "version" | "options">;

/** What cannot be done with the entries of this disk. */
export class SlotError extends Error {
  override name = "SlotError";
}

/** How often a new release is tried: once. */
const TRIES = 1;

/** The slot that the running release is not in. */
export function otherSlot(slot: Slot): Slot {
  return slot === "a" ? "b" : "a";
}

/** The entry of a slot; of several, the one that is booted. */
export function entryOf(entries: readonly SlotEntry[], slot: Slot): SlotEntry | undefined {
  return bootOrder(entries).find((entry) => entry.slot === slot);
}

/** The order in which the boot loader tries entries: those without tries left come last. */
export function bootOrder(entries: readonly SlotEntry[]): SlotEntry[] {
  const spent = ({ triesLeft }: SlotEntry) => triesLeft === 0 ? 1 : 0;
  return entries.toSorted((a, b) => spent(a) - spent(b) || b.generation - a.generation);
}

/**
 * Puts a release into the slot that does not run, to be booted once. Nothing of the running slot is
 * touched, and the program lies on the disk as a whole before the former one of its slot goes.
 */
export function planUpgrade(
  entries: readonly SlotEntry[],
  running: Slot,
  release: NewRelease,
): BootStep[] {
  const slot = otherSlot(running);
  const entry = { ...release, slot, generation: nextGeneration(entries), triesLeft: TRIES };
  return fillSlot(entry, entries.filter((former) => former.slot === slot));
}

/** Makes a disk without releases boot this one. */
export function planInstall(release: NewRelease): BootStep[] {
  return fillSlot({ ...release, slot: SLOTS[0], generation: 1 }, []);
}

/** Puts a release into its slot in place of what the former entries name. */
function fillSlot(entry: SlotEntry, former: readonly SlotEntry[]): BootStep[] {
  const path = slotProgram(entry.slot);
  const temporary = `${ESP_FILES.slots}/new.efi`;
  return [
    { kind: "program", path, temporary },
    ...former.map((one): BootStep => ({ kind: "remove", path: entryFile(one) })),
    { kind: "publish", temporary, path },
    // Last: from here on the release is what is booted next.
    { kind: "write", path: entryFile(entry), text: entryText(entry) },
  ];
}

/**
 * Prefers the release that does not run.
 *
 * @throws {SlotError} when there is none, or it is the one that failed
 */
export function planRollback(entries: readonly SlotEntry[], running: Slot): BootStep[] {
  const slot = otherSlot(running);
  const entry = entryOf(entries, slot);
  if (!entry) {
    throw new SlotError(
      `Cannot roll back: slot ${slot.toUpperCase()} holds no release, ${running.toUpperCase()} ` +
        "is the only one on the disk",
    );
  }
  if (entry.triesLeft === 0) {
    throw new SlotError(
      `Cannot roll back to ${entry.version} in slot ${slot.toUpperCase()}: it did not come up when ` +
        "it was tried, upgrade to another release instead",
    );
  }
  const preferred = { ...entry, generation: nextGeneration(entries) };
  return [{ kind: "write", path: entryFile(preferred), text: entryText(preferred) }];
}

/** Makes the running release permanent; no step when it is already. */
export function planBless(entries: readonly SlotEntry[], running: Slot): BootStep[] {
  const entry = entries.find(({ slot, triesLeft }) => slot === running && triesLeft !== undefined);
  if (!entry) return [];
  return [{ kind: "rename", from: entryFile(entry), to: entryFile({ slot: running }) }];
}

/** Whether the running release is still on trial. */
export function onTrial(entries: readonly SlotEntry[], running: Slot): boolean {
  return planBless(entries, running).length > 0;
}

function nextGeneration(entries: readonly SlotEntry[]): number {
  return Math.max(0, ...entries.map(({ generation }) => generation)) + 1;
}
