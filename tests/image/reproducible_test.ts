import assert from "node:assert/strict";
import { join } from "node:path";
import { hashFile } from "../../mkimage/hash.ts";
import { ROOT } from "../../mkimage/paths.ts";
import { run } from "../../mkimage/run.ts";
import { Scratch } from "../../mkimage/testing.ts";

// Minutes of compression, twice: tier long.
if (Deno.env.get("TEST_TIER") === "long") {
  Deno.test("mkimage image twice gives the same bytes", async () => {
    await using scratch = await Scratch.make();
    const builds: Record<string, string>[] = [];
    for (const name of ["a", "b"]) {
      const output = join(scratch.path, name);
      const env = { SOURCE_DATE_EPOCH: "1700000000" };
      const image = ["run", "-A", "mkimage/main.ts", "image", "--output", output];
      await run(Deno.execPath(), image, { cwd: ROOT, env });
      const hashes: Record<string, string> = {};
      for await (const file of Deno.readDir(output)) {
        hashes[file.name] = (await hashFile(join(output, file.name))).sha256;
      }
      builds.push(hashes);
    }
    assert.ok(Object.keys(builds[0]!).length >= 8);
    assert.deepEqual(builds[0], builds[1]);
  });
}
