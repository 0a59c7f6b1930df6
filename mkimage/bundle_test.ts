import assert from "node:assert/strict";
import { bundle } from "./bundle.ts";
import { Scratch } from "./testing.ts";

const SOURCE = `
const told: string[] = [];
class Thing {
  constructor(readonly name: string) {}
  use() { told.push("use " + this.name); }
  [Symbol.dispose]() { told.push("end " + this.name); }
  async [Symbol.asyncDispose]() { told.push("end " + this.name); }
}
function once() { using thing = new Thing("once"); thing.use(); }
async function later() { await using thing = await Promise.resolve(new Thing("later")); thing.use(); }
once();
await later();
console.log(told.join(", "));
`;

Deno.test("bundle() keeps the end of what is used once and then disposed of", async () => {
  await using scratch = await Scratch.make();
  const [entry, output] = [`${scratch.path}/entry.ts`, `${scratch.path}/entry.js`];
  await Deno.writeTextFile(entry, SOURCE);
  await bundle(entry, output, { tag: "v1", sha: "abc", built: "now" });
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", output],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.equal(text, "use once, end once, use later, end later\n");
});
