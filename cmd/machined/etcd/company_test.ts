import assert from "node:assert/strict";
import { encodePem } from "$lib/pki/mod.ts";
import { scratch } from "../api/testing.ts";
import { Company } from "./company.ts";

const ca = (byte: number) => encodePem("CERTIFICATE", new Uint8Array([byte]));

Deno.test("Company remembers others for the cluster that they were in, until they are gone", async () => {
  await using dir = await scratch();
  const company = () => new Company(dir.path, () => true);
  assert.equal(await company().isKnown(ca(1)), false);
  const first = company();
  await first.note(ca(1), false);
  assert.equal(await company().isKnown(ca(1)), false);
  await first.note(ca(1), true);
  assert.equal(await company().isKnown(ca(1)), true);
  assert.equal(await company().isKnown(ca(1) + ca(2)), true, "an authority that is being replaced");
  assert.equal(await company().isKnown(ca(2)), false, "another cluster");
  await first.note(ca(1), false);
  assert.equal(await company().isKnown(ca(1)), false);
});

Deno.test("Company writes nothing where there is no volume, and goes on when one comes", async () => {
  await using dir = await scratch();
  let there = false;
  const company = new Company(dir.path, () => there);
  await company.note(ca(1), true);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(dir.path)), []);
  there = true;
  await company.note(ca(1), true);
  assert.equal(await company.isKnown(ca(1)), true);
});
