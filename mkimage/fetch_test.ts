import assert from "node:assert/strict";
import { join } from "node:path";
import { parseStanza } from "./debian.ts";
import { type Archive, fetchLocked, Vanished } from "./fetch.ts";
import { sha256 } from "./hash.ts";
import { Scratch } from "./testing.ts";

class FakeArchive implements Archive {
  readonly name = "debian";
  downloads = 0;
  constructor(readonly content: string | undefined) {}
  async download(name: string, version: string, directory: string): Promise<string> {
    this.downloads++;
    if (this.content === undefined) throw new Vanished(name, version);
    await Deno.writeTextFile(join(directory, "file.deb"), this.content);
    return "file.deb";
  }
}

const LOCKED = { version: "1:2~3", sha256: sha256("good") };

Deno.test("fetchLocked() downloads once and takes the cached file from then on", async () => {
  await using scratch = await Scratch.make();
  const archive = new FakeArchive("good");
  const path = await fetchLocked(archive, "libc6", LOCKED, scratch.path);
  assert.equal(await fetchLocked(archive, "libc6", LOCKED, scratch.path), path);
  assert.equal(archive.downloads, 1);
  assert.equal(await Deno.readTextFile(path), "good");
});

Deno.test("fetchLocked() fetches again what was damaged in the cache", async () => {
  await using scratch = await Scratch.make();
  const archive = new FakeArchive("good");
  const path = await fetchLocked(archive, "libc6", LOCKED, scratch.path);
  await Deno.writeTextFile(path, "bad");
  await fetchLocked(archive, "libc6", LOCKED, scratch.path);
  assert.equal(await Deno.readTextFile(path), "good");
});

Deno.test("fetchLocked() refuses other bytes than the lock names and keeps none of them", async () => {
  await using scratch = await Scratch.make();
  const fetching = fetchLocked(new FakeArchive("evil"), "libc6", LOCKED, scratch.path);
  await assert.rejects(fetching, /Cannot use libc6 1:2~3: its SHA-256 is/);
  const left = await Array.fromAsync(Deno.readDir(join(scratch.path, "debian")));
  assert.deepEqual(left, []);
});

Deno.test("fetchLocked() names the version that vanished and what to do", async () => {
  await using scratch = await Scratch.make();
  const fetching = fetchLocked(new FakeArchive(undefined), "libc6", LOCKED, scratch.path);
  await assert.rejects(
    fetching,
    /libc6 1:2~3: .* no longer has this version; run with --update-lock/,
  );
});

Deno.test("parseStanza() gives version, hash and the first names of what is needed", () => {
  const text = `Package: x\nVersion: 1.2\nDepends: a (>= 1), b | c, d\nSHA256: ${
    "ab".repeat(32)
  }\n`;
  assert.deepEqual(parseStanza("x", text), {
    version: "1.2",
    sha256: "ab".repeat(32),
    depends: ["a", "b", "d"],
  });
  assert.throws(() => parseStanza("x", ""), /apt knows no version of it/);
});
