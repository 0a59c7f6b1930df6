import assert from "node:assert/strict";
import { newestTag } from "./channel.ts";

const TAGS = ["latest", "v0.9.0", "v0.10.0", "v0.2.0", "v0.11.0-beta.1", "0123456", "v0.10.0-rc.1"];

Deno.test("newestTag() takes the newest release for stable, whatever leads to the next one", () => {
  assert.equal(newestTag("stable", TAGS), "v0.10.0");
});

Deno.test("newestTag() counts what comes before a release for latest", () => {
  assert.equal(newestTag("latest", TAGS), "v0.11.0-beta.1");
  assert.equal(newestTag("latest", ["v0.10.0-rc.1", "v0.10.0"]), "v0.10.0");
});

Deno.test("newestTag() finds nothing among tags that name no release", () => {
  assert.equal(newestTag("latest", ["latest", "main"]), undefined);
  assert.equal(newestTag("stable", ["v0.1.0-alpha"]), undefined);
});
