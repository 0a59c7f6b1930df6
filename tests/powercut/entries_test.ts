import assert from "node:assert/strict";
import { entryFile, entryText, slotProgram } from "$lib/bootloader/mod.ts";
import { readEntry, startedEntry } from "./entries.ts";

function entry(slot: "a" | "b", generation: number, triesLeft?: number) {
  const tries = triesLeft === undefined ? {} : { triesLeft };
  const options = { slot, generation, version: "v1.0.0", options: ["quiet"], ...tries };
  return readEntry(entryFile(options), entryText(options))!;
}

const [OLD, NEW, TRIED] = [entry("a", 1), entry("b", 2, 1), entry("b", 2, 0)];

Deno.test("startedEntry() is the newest, on trial or not", () => {
  assert.equal(startedEntry([OLD, entry("b", 2)], () => true)?.program, slotProgram("b"));
  assert.equal(startedEntry([OLD, NEW], () => true), NEW);
});

Deno.test("startedEntry() is the old one when the tries of the new one are used up", () => {
  assert.equal(startedEntry([OLD, TRIED], () => true), OLD);
  assert.equal(startedEntry([TRIED], () => true), TRIED, "rather than none");
});

Deno.test("startedEntry() is one whose program is there", () => {
  assert.equal(startedEntry([OLD, NEW], (program) => program === OLD.program), OLD);
  assert.equal(startedEntry([OLD, NEW], () => false), undefined);
});

Deno.test("readEntry() takes no notice of a file that was not written to its end", () => {
  assert.equal(readEntry("/loader/entries/slot-b+1.conf", "title v1"), undefined);
});
