import assert from "node:assert/strict";
import { join } from "node:path";
import { verifyManifest } from "$lib/image/mod.ts";
import { developmentKeys, makeKeys, publicKeyOf, signWith } from "./keys.ts";
import { Scratch } from "./testing.ts";

const mode = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o777;

Deno.test("makeKeys() makes a private key that only its owner reads", async () => {
  await using scratch = await Scratch.make();
  const files = await makeKeys(join(scratch.path, "keys"));
  assert.equal(await mode(files.privateKey), 0o600);
  assert.equal(await mode(join(scratch.path, "keys")), 0o700);
  assert.match(await Deno.readTextFile(files.publicKey), /^-----BEGIN PUBLIC KEY-----\n/);
  assert.equal(await publicKeyOf(files.privateKey), await Deno.readTextFile(files.publicKey));
});

Deno.test("makeKeys() never overwrites a key", async () => {
  await using scratch = await Scratch.make();
  const { privateKey } = await makeKeys(scratch.path);
  const before = await Deno.readTextFile(privateKey);
  await assert.rejects(makeKeys(scratch.path), /is there already/);
  assert.equal(await Deno.readTextFile(privateKey), before);
});

Deno.test("developmentKeys() makes a key once, also when several builds start together", async () => {
  await using scratch = await Scratch.make();
  const all = await Promise.all([1, 2, 3, 4].map(() => developmentKeys(scratch.path)));
  const keys = await Promise.all(all.map(({ privateKey }) => publicKeyOf(privateKey)));
  assert.equal(new Set(keys).size, 1);
});

Deno.test("signWith() makes 64 bytes that the node's check accepts", async () => {
  await using scratch = await Scratch.make();
  const { privateKey } = await makeKeys(scratch.path);
  const manifest = {
    schema: 1,
    version: "v0",
    layout: "portable",
    kernel: "6.1",
    verity: { rootHash: "ab".repeat(32), salt: "", blockSizeBytes: 4096, dataBlocks: 1 },
    parts: [],
    packages: {},
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const signature = await signWith(privateKey, bytes);
  assert.equal(signature.length, 64);
  assert.deepEqual(
    await verifyManifest(bytes, signature, await publicKeyOf(privateKey)),
    manifest,
  );
});

Deno.test("signWith() refuses a key that others may read", async () => {
  await using scratch = await Scratch.make();
  const { privateKey } = await makeKeys(scratch.path);
  await Deno.chmod(privateKey, 0o640);
  await assert.rejects(signWith(privateKey, new Uint8Array(1)), /others may read it/);
});
