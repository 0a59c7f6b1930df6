import assert from "node:assert/strict";
import {
  type CertificateDemand,
  CertificateError,
  createCa,
  createCsr,
  createKey,
  decodePem,
  encodePem,
  hoursMs,
  inspectCertificate,
  issueClientLeaf,
  issueLeaf,
  keyMatches,
  NO_SANS,
  readCsr,
  sans,
  signCsr,
  verifyCertificate,
} from "./mod.ts";
import { world } from "./_testing.ts";
import { signer } from "./_webcrypto.ts";
import { x509 } from "./_x509.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const later = (hours: number): Date => new Date(NOW.getTime() + hoursMs(hours));

Deno.test("verifyCertificate() accepts a leaf of one of several CAs", async () => {
  const { ca, server } = await world(NOW);
  const other = await world(NOW);
  const demand = { crt: server.crt, ca: other.ca.crt + ca.crt, now: NOW };
  await verifyCertificate({ ...demand, usage: "serverAuth", host: "127.0.0.1" });
  await verifyCertificate({ ...demand, usage: "clientAuth", host: "node-a" });
});

Deno.test("verifyCertificate() names what is wrong", async () => {
  const { ca, server, client } = await world(NOW);
  const other = await world(NOW);
  const { keys, signature } = await signer(server.key);
  const child = await x509.X509CertificateGenerator.create({
    issuer: "CN=node-a",
    subject: "CN=child",
    notBefore: NOW,
    notAfter: later(1),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: signature,
  });
  const good = { crt: client.crt, ca: ca.crt, now: NOW };
  const cases: [CertificateError["fault"], CertificateDemand, RegExp][] = [
    ["expired", { ...good, now: later(25) }, /"O=os:admin": it expired at 2026-01-03T03:04:05/],
    ["notYetValid", { ...good, now: later(-1) }, /it is not valid before 2026-01-02T02:59:05/],
    ["unknownAuthority", { ...good, ca: other.ca.crt }, /none of the CAs signed it/],
    ["unknownAuthority", { ...good, ca: server.crt }, /none of the CAs signed it/],
    [
      "notCa",
      { ...good, crt: child.toString("pem"), ca: server.crt },
      /"CN=node-a", which signed it, is not a CA/,
    ],
    ["usage", { ...good, usage: "serverAuth" }, /it is for clientAuth, not for serverAuth/],
    ["name", { ...good, host: "10.0.0.9" }, /it speaks for 127\.0\.0\.1, not for "10\.0\.0\.9"/],
  ];
  for (const [fault, demand, message] of cases) {
    await assert.rejects(verifyCertificate(demand), (error) => {
      assert.ok(error instanceof CertificateError);
      assert.equal(error.fault, fault);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("issueLeaf() refuses a CA that is none and a key that is not the CA's", async () => {
  const { ca, server, client } = await world(NOW);
  const request = { now: NOW, lifetimeMs: hoursMs(1) };
  await assert.rejects(issueClientLeaf({ ...request, ca: server }), {
    message: 'Cannot sign with "CN=node-a": its certificate is not a CA',
  });
  await assert.rejects(issueClientLeaf({ ...request, ca: { crt: ca.crt, key: client.key } }), {
    message: 'Cannot sign with "O=talos": the key does not belong to it',
  });
  assert.equal(keyMatches(ca.crt, ca.key), true);
  assert.equal(keyMatches(ca.crt, client.key), false);
});

Deno.test("issueLeaf() never outlives the CA", async () => {
  const ca = await createCa({
    kind: "ecdsa-p256",
    subject: { commonName: "front-proxy" },
    now: NOW,
    lifetimeMs: hoursMs(2),
  });
  const leaf = await issueClientLeaf({ ca, now: later(1), lifetimeMs: hoursMs(24) });
  assert.deepEqual(inspectCertificate(leaf.crt).notAfter, inspectCertificate(ca.crt).notAfter);
  await assert.rejects(
    issueClientLeaf({ ca, now: later(9), lifetimeMs: hoursMs(1) }),
    /the CA holds only from/,
  );
});

Deno.test("inspectCertificate() tells names, use, life, kind and fingerprint", async () => {
  const { ca, server } = await world(NOW);
  const info = inspectCertificate(server.crt);
  assert.deepEqual(info.subject, { commonName: "node-a" });
  assert.deepEqual(info.issuer, { organization: ["talos"] });
  assert.deepEqual(info.sans, { ips: ["127.0.0.1", "::1"], dns: ["node-a"] });
  assert.deepEqual(info.usages, ["serverAuth", "clientAuth"]);
  assert.equal(info.isCa, false);
  assert.equal(inspectCertificate(ca.crt).isCa, true);
  assert.deepEqual(info.notAfter, later(24));
  assert.match(info.fingerprint, /^[A-Za-z0-9+/]{43}=$/);
});

Deno.test("inspectCertificate() keeps dates beyond 2049, where the encoding changes", async () => {
  const now = new Date("2049-12-31T23:00:00Z");
  const ca = await createCa({ kind: "ed25519", subject: { organization: ["x"] }, now });
  const { notBefore, notAfter } = inspectCertificate(ca.crt);
  assert.equal(notBefore.toISOString(), "2049-12-31T22:55:00.000Z");
  assert.equal(notAfter.toISOString(), "2059-12-29T23:00:00.000Z");
});

Deno.test("signCsr() lets the issuer replace names and subject", async () => {
  const { ca } = await world(NOW);
  const key = await createKey("ed25519");
  const subject = { commonName: "root", organization: ["os:admin"] };
  const csr = await createCsr({ key, subject, sans: sans(["evil.example"]) });
  const crt = await signCsr({
    ca,
    csr,
    subject: { commonName: "node-b" },
    sans: NO_SANS,
    usages: ["clientAuth"],
    now: NOW,
    lifetimeMs: hoursMs(1),
  });
  const info = inspectCertificate(crt);
  assert.deepEqual(info.subject, { commonName: "node-b" });
  assert.deepEqual(info.sans, NO_SANS);
});

Deno.test("readCsr() refuses a request whose bytes were changed after signing", async () => {
  const csr = await createCsr({
    key: await createKey("ed25519"),
    subject: { organization: ["os:reader"] },
  });
  const [block] = decodePem(csr);
  const text = new TextDecoder("latin1").decode(block!.der);
  const forged = Uint8Array.from(block!.der);
  forged.set(new TextEncoder().encode("os:adminn"), text.indexOf("os:reader"));
  await assert.rejects(readCsr(encodePem("CERTIFICATE REQUEST", forged)), {
    message: "Cannot use certificate request: its signature does not fit its key",
  });
});

Deno.test("issueLeaf() gives every certificate a serial number of its own", async () => {
  const { ca } = await world(NOW);
  const request = { ca, kind: "ed25519", usages: ["clientAuth"], now: NOW } as const;
  const serials = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const { crt } = await issueLeaf({ ...request, lifetimeMs: hoursMs(1) });
    const { serialNumber } = inspectCertificate(crt);
    assert.match(serialNumber, /^[4-7][0-9a-f]{31}$/);
    serials.add(serialNumber);
  }
  assert.equal(serials.size, 20);
});
