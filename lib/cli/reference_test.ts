import assert from "node:assert/strict";
import { command, commandReference, entry, group } from "./mod.ts";

Deno.test("commandReference() has the help of every command that is shown", async () => {
  const leaf = (summary: string) =>
    command({ summary, run: (_, _session: null) => Promise.resolve() });
  const text = await commandReference({
    name: "p",
    description: "A program",
    globals: {},
    commands: [
      entry(["g"], group({ summary: "A group", children: [entry(["in", "i"], leaf("Inside"))] })),
      { names: ["secret"], hidden: true, load: () => Promise.resolve(leaf("Hidden")) },
    ],
    session: () => null,
  });
  assert.deepEqual(text.match(/^## .*$/gm), ["## p", "## p g", "## p g in"]);
  assert.match(
    text,
    /## p g in\n\n```text\nInside\n\nUsage:\n {2}p g in \[flags\]\n\nAliases:\n {2}in, i/,
  );
  assert.doesNotMatch(text, /secret|Hidden/);
});
