import assert from "node:assert/strict";
import { createKey, privateKey, publicKeyPem } from "./mod.ts";
import { decodePem, encodePem } from "./pem.ts";

Deno.test("privateKey() reads an EC key that leaves its curve out, as RFC 5915 allows", async () => {
  const whole = await createKey("ecdsa-p256");
  const der = decodePem(whole)[0]!.der;
  const curve = der.findIndex((byte, at) => byte === 0xa0 && der[at + 1] === 0x0a);
  assert.ok(curve > 0);
  const short = Uint8Array.from([...der.subarray(0, curve), ...der.subarray(curve + 12)]);
  short[1] = der[1]! - 12;
  const pem = encodePem("EC PRIVATE KEY", short);
  assert.equal(privateKey(pem).asymmetricKeyType, "ec");
  assert.equal(publicKeyPem(pem), publicKeyPem(whole));
});

Deno.test("privateKey() still refuses a body that is no key", () => {
  const pem = encodePem("EC PRIVATE KEY", new Uint8Array(60).fill(1));
  assert.throws(() => privateKey(pem), /the body of "EC PRIVATE KEY" is not a key/);
});
