import assert from "node:assert/strict";
import { entryText } from "./entry.ts";
import { readEntry, selectedSlot } from "./read_entry.ts";

const TEXT = entryText({
  slot: "b",
  generation: 7,
  version: "v1.2.3",
  options: ["panic=10", "talos.platform=metal"],
});

Deno.test("readEntry() gives back what entryText() wrote, and the tries in the name", () => {
  const entry = {
    slot: "b",
    generation: 7,
    version: "v1.2.3",
    options: ["panic=10", "talos.platform=metal"],
  };
  assert.deepEqual(readEntry("slot-b.conf", TEXT), entry);
  assert.deepEqual(readEntry("slot-b+1.conf", TEXT), { ...entry, triesLeft: 1 });
  assert.deepEqual(readEntry("slot-b+0-1.conf", TEXT), { ...entry, triesLeft: 0, triesDone: 1 });
});

for (
  const [name, text] of [
    ["linux.conf", TEXT],
    ["slot-c.conf", TEXT],
    ["slot-b.conf.new", TEXT],
    ["slot-b.conf", "title v1 (slot B)\n"],
    ["slot-b.conf", ""],
  ] as const
) {
  Deno.test(`readEntry() takes no entry out of ${name} with ${text.length} characters`, () => {
    assert.equal(readEntry(name, text), undefined);
  });
}

function variable(name: string): Uint8Array {
  const units = Uint16Array.from(`${name}\0`, (character) => character.charCodeAt(0));
  return new Uint8Array(units.buffer);
}

Deno.test("selectedSlot() reads the slot out of the entry's name, counted or not", () => {
  assert.equal(selectedSlot(variable("slot-a.conf")), "a");
  assert.equal(selectedSlot(variable("slot-b+0-1.conf")), "b");
  assert.equal(selectedSlot(variable("auto-reboot-to-firmware-setup")), undefined);
  assert.equal(selectedSlot(new Uint8Array()), undefined);
});
