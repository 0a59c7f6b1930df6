import assert from "node:assert/strict";
import { imageList } from "$lib/config/mod.ts";
import { Home } from "./spec.ts";

Deno.test("talosctl images lists what a cluster pulls, by default and for a version", async () => {
  await using home = await Home.make();
  const printed = async (...args: string[]): Promise<string[]> =>
    (await home.run(["images", ...args])).stdout.trimEnd().split("\n");
  assert.deepEqual(await printed(), imageList());
  assert.deepEqual(await printed("--kubernetes-version", "v1.35.3"), imageList("1.35.3"));
});
