import assert from "node:assert/strict";
import { editorHeader, hasContent, withoutHeader } from "./editor_text.ts";

const TEXT = "# mine\nversion: v1alpha1\n";

for (const fault of [undefined, "2 errors occurred:\n\t* one\n\t* two\n\n"]) {
  const header = editorHeader("10.0.0.2", fault);

  Deno.test(`withoutHeader() gives back what editorHeader(${JSON.stringify(fault)}) led`, () => {
    assert.ok(header.split("\n").every((line) => line === "" || line.startsWith("#")));
    assert.equal(withoutHeader(header + TEXT, header), TEXT);
    const windows = (text: string) => text.replaceAll("\n", "\r\n");
    assert.equal(withoutHeader(windows(header + TEXT), header), windows(TEXT));
  });

  Deno.test(`withoutHeader() knows parts of the header of ${JSON.stringify(fault)}`, () => {
    const rest = `${header.split("\n")[0]}\n${TEXT}`;
    assert.equal(withoutHeader(rest, header), TEXT);
    assert.equal(withoutHeader(TEXT, header), TEXT);
    assert.equal(withoutHeader("", header), "");
  });
}

Deno.test("editorHeader() says what was wrong, line by line", () => {
  assert.match(
    editorHeader("n", "1 error occurred:\n\t* bad"),
    /\n# 1 error occurred:\n# \t\* bad\n/,
  );
});

Deno.test("hasContent() is false for comments alone", () => {
  assert.equal(hasContent("# a\n\n  # b\n"), false);
  assert.equal(hasContent(TEXT), true);
});
