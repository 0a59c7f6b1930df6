/** What the files of an EFI system partition, and the boot loader itself, say. */
import { type Slot, type SlotEntry } from "./entry.ts";

/** `slot-b.conf`, `slot-b+1.conf`, `slot-b+0-1.conf`. */
const NAME = /^slot-([ab])(?:\+(\d+)(?:-(\d+))?)?\.conf$/;

/** The entry in a file of this name, or undefined when it is none of ours or says too little. */
export function readEntry(name: string, text: string): SlotEntry | undefined {
  const [, slot, left, done] = NAME.exec(name) ?? [];
  const field = (key: string) => new RegExp(`^${key}[ \\t]+(.*\\S)`, "m").exec(text)?.[1];
  const generation = Number(field("version"));
  const title = field("title");
  if (slot === undefined || !Number.isSafeInteger(generation) || title === undefined) {
    return undefined;
  }
  return {
    slot: slot as Slot,
    generation,
    version: title.replace(/ \(slot [AB]\)$/, ""),
    options: (field("options") ?? "").split(/[ \t]+/).filter((option) => option !== ""),
    ...(left === undefined ? {} : { triesLeft: Number(left) }),
    ...(done === undefined ? {} : { triesDone: Number(done) }),
  };
}

/** EFI variable in which the boot loader leaves the name of the entry that it booted. */
export const SELECTED_VARIABLE = "LoaderEntrySelected-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/** The slot that was booted, told by the value of that variable. */
export function selectedSlot(value: Uint8Array): Slot | undefined {
  const name = new TextDecoder("utf-16le").decode(value);
  return /^slot-([ab])\b/.exec(name)?.[1] as Slot | undefined;
}
