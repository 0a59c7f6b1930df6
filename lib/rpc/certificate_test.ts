import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { clientCertificateFault, isForClients } from "./certificate.ts";
import { TestPki } from "./testing.ts";

const HOUR_MS = 3_600_000;
const pki = await TestPki.create();
const other = await TestPki.create();

function der({ cert }: { cert: string }): Uint8Array {
  return new X509Certificate(cert).raw;
}

function fault(bytes: Uint8Array): string | undefined {
  return clientCertificateFault(bytes, pki.ca.crt, Date.now());
}

Deno.test("clientCertificateFault() lets a client of our CA in, and a node", async () => {
  assert.equal(fault(der(await pki.client())), undefined);
  assert.equal(fault(der(await pki.server())), undefined);
});

Deno.test("clientCertificateFault() finds a certificate of any CA in a bundle", async () => {
  const bundle = other.ca.crt + pki.ca.crt;
  assert.equal(clientCertificateFault(der(await pki.client()), bundle, Date.now()), undefined);
});

Deno.test("clientCertificateFault() says what is wrong", async () => {
  assert.match(fault(der(await pki.client(-48 * HOUR_MS, -24 * HOUR_MS))) ?? "", /expired on/);
  assert.match(fault(der(await pki.client(24 * HOUR_MS, 48 * HOUR_MS))) ?? "", /not valid before/);
  assert.match(fault(der(await other.client())) ?? "", /not signed by our CA/);
  assert.match(fault(der(await pki.leaf(["serverAuth"]))) ?? "", /not for client/);
  assert.match(fault(Uint8Array.of(1, 2, 3)) ?? "", /unreadable/);
});

Deno.test("isForClients() is false for every cut of a client's certificate before its usage", async () => {
  const bytes = der(await pki.client());
  assert.equal(isForClients(bytes), true);
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(isForClients(bytes.subarray(0, length)), false);
  }
});

Deno.test("isForClients() ends on any damaged byte", async () => {
  const bytes = der(await pki.client());
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] = ~(damaged[at] ?? 0) & 0xff;
    isForClients(damaged);
  }
});
