import assert from "node:assert/strict";
import { didYouMean, editDistance, suggestions } from "./suggest.ts";

Deno.test("editDistance() counts inserts, deletes and replacements", () => {
  assert.equal(editDistance("kitten", "sitting"), 3);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("Same", "same"), 0);
});

Deno.test("suggestions() offers near names, the nearest first", () => {
  assert.deepEqual(suggestions("versoin", ["version", "service", "validate"]), ["version"]);
  assert.deepEqual(suggestions("me", ["memory", "read", "m"]), ["m", "memory"]);
  assert.deepEqual(suggestions("zzzzzz", ["memory"]), []);
});

Deno.test("didYouMean() is silent when nothing is near", () => {
  assert.equal(didYouMean("zzzzzz", ["memory"]), "");
});
