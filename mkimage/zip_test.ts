import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "./run.ts";
import { Scratch } from "./testing.ts";
import { zipArchive } from "./zip.ts";

Deno.test("zipArchive() passes the check of Python's zipfile and unpacks to the same bytes", async () => {
  await using scratch = await Scratch.make();
  const content = Uint8Array.from({ length: 200_000 }, (_, i) => i * i);
  const files = [{ name: "a.txt", content: new TextEncoder().encode("a") }, { name: "b", content }];
  const path = join(scratch.path, "x.zip");
  await Deno.writeFile(path, zipArchive(files));
  await run("python3", ["-m", "zipfile", "-t", path]);
  await run("python3", ["-m", "zipfile", "-e", path, scratch.path]);
  assert.deepEqual(await Deno.readFile(join(scratch.path, "b")), content);
  assert.equal(await Deno.readTextFile(join(scratch.path, "a.txt")), "a");
});
