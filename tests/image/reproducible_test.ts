import assert from "node:assert/strict";
import { join } from "node:path";
import { hashFile } from "../../mkimage/hash.ts";
import { CACHE, ROOT } from "../../mkimage/paths.ts";
import { run } from "../../mkimage/run.ts";
import { Scratch } from "../../mkimage/testing.ts";

// Minutes of compression, twice: tier long.
if (Deno.env.get("TEST_TIER") === "long") {
  Deno.test("mkimage image gives the same bytes for the same commit in two places", async () => {
    await using scratch = await Scratch.make();
    const commit = (await run("git", ["-C", ROOT, "rev-parse", "HEAD"])).trim();
    const builds: Record<string, string>[] = [];
    for (const name of ["first", "second-place"]) {
      const source = join(scratch.path, name);
      await Deno.mkdir(source);
      const archive = join(scratch.path, `${name}.tar`);
      await run("git", ["-C", ROOT, "archive", "--output", archive, commit]);
      await run("tar", ["-xf", archive, "-C", source]);
      await run(Deno.execPath(), ["run", "-A", "mkimage/main.ts", "image"], {
        cwd: source,
        env: { SOURCE_DATE_EPOCH: "1700000000", MKIMAGE_CACHE: CACHE },
      });
      builds.push(await hashes(join(source, "dist")));
    }
    assert.ok(Object.keys(builds[0]!).length >= 8);
    assert.deepEqual(builds[0], builds[1]);
  });
}

/** SHA-256 of every file below `directory`, by its path from there. */
async function hashes(directory: string, below = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(join(directory, below))) {
    const path = join(below, name);
    if (isDirectory) Object.assign(found, await hashes(directory, path));
    else found[path] = (await hashFile(join(directory, path))).sha256;
  }
  return found;
}
