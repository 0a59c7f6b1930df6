import assert from "node:assert/strict";
import { generatedDocs } from "./docs.ts";
import { schemaObjects, schemaPaths } from "./schema/walk.ts";
import { RULES } from "./validate/rules.ts";

for (const [path, text] of Object.entries(generatedDocs())) {
  Deno.test(`generatedDocs() gives ${path} as it is committed`, async () => {
    const committed = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
    assert.equal(committed, text, "run `deno run -A lib/config/docs.ts`");
  });
}

Deno.test("schemaPaths() meets every path that a rule speaks of", () => {
  const known = new Set([...schemaPaths()].map(({ path }) => path));
  for (const places of schemaObjects().values()) for (const place of places) known.add(place);
  for (const { says } of RULES) {
    for (const path of Object.keys(says)) assert.ok(known.has(path), path);
  }
});

Deno.test("schemaPaths() has a sentence for every field", () => {
  for (const { path, field } of schemaPaths()) {
    assert.match(field.doc, /^[A-Z`].*[.:]/, path);
  }
});
