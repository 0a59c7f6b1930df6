import assert from "node:assert/strict";
import { join } from "node:path";
import { Scratch } from "../testing.ts";
import { isOnPath } from "../tools.ts";
import { buildComponents } from "./build.ts";
import { chooseComponents } from "./catalog.ts";

const compiler = await isOnPath("gcc");
const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name: compiler ? name : `${name} (needs gcc)`, ignore: !compiler, fn });

test("buildComponents() builds once; then it is in the cache, with version and licences", async () => {
  await using scratch = await Scratch.make();
  const said: string[] = [];
  const build = () =>
    buildComponents(chooseComponents(["pause"]), scratch.path, (line) => said.push(line));
  const [built] = await build();
  assert.match(said.join("\n"), /^pause v3\.10\.1: building\npause v3\.10\.1: built in \d+ s$/);
  assert.deepEqual(built!.programs.map(({ name }) => name), ["pause"]);
  await Deno.stat(join(built!.directory, "licences/libc6/copyright"));
  assert.deepEqual(await build(), [built]);
  assert.equal(said.length, 2, "the second time nothing is built");
  const left = await Array.fromAsync(Deno.readDir(join(scratch.path, "components")));
  assert.equal(left.length, 1, "no work folder stays behind");
});

Deno.test("chooseComponents() gives this release's for no name, and names what it knows for a wrong one", () => {
  assert.ok(chooseComponents([]).every(({ name }) => !name.endsWith("-1.35.3")));
  assert.equal(chooseComponents(["kubelet-1.35.3"]).length, 1);
  assert.throws(() => chooseComponents(["kublet"]), /component "kublet": known are containerd, /);
});
