import assert from "node:assert/strict";
import { whyBuild } from "./built_image.ts";

Deno.test("whyBuild() asks for an image that is missing or older than its sources, and no other", () => {
  assert.equal(whyBuild(undefined, 5), "there is none in dist/");
  assert.equal(whyBuild(4, 5), "it is older than its sources");
  assert.equal(whyBuild(5, 5), undefined);
});
