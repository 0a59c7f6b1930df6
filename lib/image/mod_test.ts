import assert from "node:assert/strict";
import { findPart, type Manifest, ManifestError, parseManifest, verifyManifest } from "./mod.ts";

const MANIFEST: Manifest = {
  schema: 1,
  version: "v0.1.0",
  layout: "portable",
  kernel: "6.1.0-1-amd64",
  verity: { rootHash: "ab".repeat(32), salt: "00", blockSizeBytes: 4096, dataBlocks: 10 },
  parts: [{ name: "rootfs.sqsh", sizeBytes: 40960, sha256: "cd".repeat(32) }],
  packages: {},
};

async function signed(): Promise<{
  bytes: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
  pem: string;
}> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const bytes = new TextEncoder().encode(JSON.stringify(MANIFEST));
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, bytes));
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const pem = `-----BEGIN PUBLIC KEY-----\n${
    btoa(String.fromCharCode(...der))
  }\n-----END PUBLIC KEY-----\n`;
  return { bytes, signature, pem };
}

Deno.test("verifyManifest() reads a manifest that its key signed", async () => {
  const { bytes, signature, pem } = await signed();
  assert.deepEqual(await verifyManifest(bytes, signature, pem), MANIFEST);
});

Deno.test("verifyManifest() refuses a flip of any bit of the signature and any byte of the manifest", async () => {
  const { bytes, signature, pem } = await signed();
  for (let i = 0; i < signature.length * 8; i += 7) {
    const flipped = signature.slice();
    flipped[i >> 3]! ^= 1 << (i & 7);
    await assert.rejects(verifyManifest(bytes, flipped, pem), ManifestError);
  }
  for (let i = 0; i < bytes.length; i++) {
    const flipped = bytes.slice();
    flipped[i]! ^= 1;
    await assert.rejects(verifyManifest(flipped, signature, pem), ManifestError);
  }
});

Deno.test("verifyManifest() refuses another key, a short signature and a key that is none", async () => {
  const { bytes, signature, pem } = await signed();
  const other = await signed();
  await assert.rejects(verifyManifest(bytes, signature, other.pem), /not of this image's/);
  await assert.rejects(verifyManifest(bytes, signature.slice(1), pem), /63 bytes instead of 64/);
  await assert.rejects(verifyManifest(bytes, signature, "hello"), /not a PEM public key/);
});

Deno.test("parseManifest() names the field that is wrong", () => {
  const bad = { ...MANIFEST, verity: { ...MANIFEST.verity, rootHash: "xyz" } };
  assert.throws(() => parseManifest(JSON.stringify(bad)), /"verity.rootHash" is not 64 hex/);
  assert.throws(() => parseManifest("{"), /not JSON/);
  assert.throws(() => parseManifest("null"), /"manifest" is not an object/);
});

Deno.test("findPart() names a part that is not listed", () => {
  assert.equal(findPart(MANIFEST, "rootfs.sqsh").sizeBytes, 40960);
  assert.throws(() => findPart(MANIFEST, "vmlinuz"), /Cannot find "vmlinuz"/);
});
