import assert from "node:assert/strict";
import { boundedText } from "./_bounded_text.ts";

Deno.test("boundedText() leaves alone what is short", () => {
  const text = "2 errors occurred:\n\t* öne\n\t* two";
  assert.equal(boundedText(text), text);
});

for (
  const { name, line } of [
    { name: "plain", line: "x".repeat(79) },
    { name: "foreign", line: "ö€😀".repeat(30) },
    { name: "empty", line: "" },
    { name: "endless", line: "y".repeat(10_000) },
  ]
) {
  Deno.test(`boundedText() makes a header of any number of ${name} lines`, () => {
    const all = 9_000;
    const bounded = boundedText(`first\n${`${line}\n`.repeat(all)}`);
    const shown = bounded.split("\n").length - 1;
    assert.ok(shown > 10 && encodeURIComponent(bounded).length < 32_000);
    assert.ok(bounded.startsWith("first\n"));
    assert.ok(bounded.endsWith(`\n... and ${all + 2 - shown} more lines`));
  });
}
