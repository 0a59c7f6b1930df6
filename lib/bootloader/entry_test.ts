import assert from "node:assert/strict";
import { entryFile, entryText } from "./entry.ts";

Deno.test("entryText() names the slot's program and its kernel arguments", () => {
  const entry = { slot: "a", generation: 3, version: "v1.2.3", options: ["panic=10", "quiet"] };
  assert.equal(
    entryText({ ...entry, slot: "a" }),
    "title v1.2.3 (slot A)\nsort-key node\nversion 3\nefi /EFI/slots/a.efi\n" +
      "options panic=10 quiet\n",
  );
});

Deno.test("entryFile() counts the tries that a release has left", () => {
  assert.equal(entryFile({ slot: "a" }), "/loader/entries/slot-a.conf");
  assert.equal(entryFile({ slot: "b", triesLeft: 1 }), "/loader/entries/slot-b+1.conf");
});
