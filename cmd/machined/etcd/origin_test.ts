import assert from "node:assert/strict";
import { encodePem } from "$lib/pki/mod.ts";
import { checkOrigin } from "./origin.ts";

const ca = (byte: number) => encodePem("CERTIFICATE", new Uint8Array([byte]));

/** A data directory in which a member starts right after each check. */
async function member(test: (check: (ca: string) => Promise<void>) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/etcd`;
  await Deno.mkdir(path);
  let started = false;
  await test(async (ca) => {
    await checkOrigin({ path, holdsMember: () => Promise.resolve(started) }, ca);
    started = true;
  });
  await Deno.remove(folder, { recursive: true });
}

Deno.test("checkOrigin() refuses data that was written under another authority", () =>
  member(async (check) => {
    await check(ca(1));
    await check(ca(1));
    await assert.rejects(check(ca(2)), /etcd holds the data of another cluster.*talosctl reset/);
    await check(ca(1));
  }));

Deno.test("checkOrigin() follows an authority that is replaced step by step", () =>
  member(async (check) => {
    for (const bundle of [ca(1), ca(1) + ca(2), ca(2), ca(2) + ca(3)]) await check(bundle);
    await assert.rejects(check(ca(1)), /another cluster/);
  }));

Deno.test("checkOrigin() takes a directory in which no member has started for its own", async () => {
  const folder = await Deno.makeTempDir();
  const data = { path: `${folder}/etcd`, holdsMember: () => Promise.resolve(false) };
  await checkOrigin(data, ca(1));
  await checkOrigin(data, ca(2));
  await Deno.remove(folder, { recursive: true });
});
