import assert from "node:assert/strict";
import { compareReleases, parseRelease } from "./release.ts";

Deno.test("compareReleases() orders releases as semantic versioning does", () => {
  const ordered = [
    ...["v0.1.0-alpha", "v0.1.0-alpha.1", "v0.1.0-alpha.beta", "v0.1.0-beta.2", "v0.1.0-beta.11"],
    ...["v0.1.0-rc.1", "v0.1.0", "v0.1.2", "v0.1.10", "v0.10.0", "1.0.0"],
  ].map((tag) => parseRelease(tag)!);
  for (const [at, a] of ordered.entries()) {
    for (const [other, b] of ordered.entries()) {
      assert.equal(Math.sign(compareReleases(a, b)), Math.sign(at - other));
    }
  }
});

Deno.test("parseRelease() takes no tag for a release that names none", () => {
  for (const tag of ["latest", "v1", "v1.2", "0123456", "v1.2.3.4", "v1.2.3-", ""]) {
    assert.equal(parseRelease(tag), undefined, tag);
  }
});
