/**
 * Starts of a release that ended before it had come up, counted in firmware: a release that was permanent
 * may be damaged on its disk. After three of them the other slot is started, once; when that does not come
 * up either, the machine stays where it is for a while and says so.
 */
import { entryFile, type Slot } from "./entry.ts";
import { otherSlot } from "./plan.ts";

/** EFI variable with the number of starts, one byte; gone once a release has come up. */
export const STARTS_VARIABLE = "NodeStarts-0e4c1f0a-6f7d-4f0e-9d55-3a7c8a1b62d4";
/** EFI variable of systemd-boot: the entry that it boots next, once. */
export const ONE_SHOT_VARIABLE = "LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/** How often a release is started before the other one is. */
export const STARTS_OF_A_RELEASE = 3;

/** What a start does before anything else of it can fail. */
export type StartPlan =
  /** It goes on; `nextSlot` is started when this start ends early as well. */
  | { readonly kind: "start"; readonly nextSlot?: Slot }
  /** Every release was tried: another start would end like these. */
  | { readonly kind: "stay" };

/** The plan of the `number`-th start in a row, counted from 1; it is one of the release in `slot`. */
export function planStart(number: number, slot: Slot): StartPlan {
  if (number > STARTS_OF_A_RELEASE + 1) return { kind: "stay" };
  if (number !== STARTS_OF_A_RELEASE) return { kind: "start" };
  return { kind: "start", nextSlot: otherSlot(slot) };
}

/** The bytes of ONE_SHOT_VARIABLE for a slot whose release is permanent. */
export function oneShot(slot: Slot): Uint8Array<ArrayBuffer> {
  const name = entryFile({ slot }).split("/").at(-1)!;
  const units = Uint16Array.from(`${name}\0`, (character) => character.charCodeAt(0));
  return new Uint8Array(units.buffer);
}
