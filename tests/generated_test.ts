import assert from "node:assert/strict";
import { differences, readTree } from "./generated.ts";

Deno.test("differences() names what changed, what is missing and what is left over", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/a`);
    await Deno.writeTextFile(`${folder}/a/same.ts`, "1");
    await Deno.writeTextFile(`${folder}/a/changed.ts`, "1");
    await Deno.writeTextFile(`${folder}/left.ts`, "1");
    const committed = await readTree(folder);
    const fresh = new Map([["a/same.ts", "1"], ["a/changed.ts", "2"], ["new.ts", ""]]);
    assert.deepEqual(differences(committed, fresh), ["a/changed.ts", "left.ts", "new.ts"]);
    assert.deepEqual(differences(committed, committed), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
