import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "./hash.ts";
import { run } from "./run.ts";
import { Scratch } from "./testing.ts";
import { unzstd, zstdCached } from "./zstd.ts";

Deno.test("zstdCached() gives the same bytes for any number of cores, without help of its cache", async () => {
  await using scratch = await Scratch.make();
  // Several jobs of zstd's threads, compressible and not the same throughout.
  const bytes = new Uint8Array(24 << 20);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * i) >> (i >> 16 & 15);
  const one = await zstdCached(bytes, 3, join(scratch.path, "one"));
  const two = await zstdCached(bytes, 3, join(scratch.path, "two"));
  assert.equal(sha256(one), sha256(two));
  await Deno.writeFile(join(scratch.path, "in"), bytes);
  const out = join(scratch.path, "out");
  await run("zstd", ["-3", "-T1", "-q", "-o", out, join(scratch.path, "in")]);
  assert.equal(sha256(one), sha256(await Deno.readFile(out)));
  assert.equal(sha256(await unzstd(one)), sha256(bytes));
});
