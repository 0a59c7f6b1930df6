import assert from "node:assert/strict";
import { inspectCertificate, verifyCertificate } from "$lib/pki/mod.ts";
import { parseConfig } from "../parse.ts";
import { generateConfigs } from "./configs.ts";
import { contractOf } from "./contract.ts";
import { createAdminIdentity, createSecrets, randomToken, secretsOf } from "./secrets.ts";

const NOW = new Date("2024-01-01T00:00:00Z");
const YEAR_MS = 365 * 24 * 3_600_000;

Deno.test("createSecrets() gives each CA its own name, kind of key and ten years", async () => {
  const bundle = await createSecrets({ now: NOW });
  const label = (pem: string) => /BEGIN ([A-Z0-9 ]+)-/.exec(pem)?.[1];
  assert.equal(label(bundle.ca.key), "ED25519 PRIVATE KEY");
  assert.equal(label(bundle.etcdCa.key), "EC PRIVATE KEY");
  assert.equal(label(bundle.kubernetesCa.key), "EC PRIVATE KEY");
  assert.equal(label(bundle.serviceAccountKey ?? ""), "EC PRIVATE KEY");
  const subjects = [bundle.ca, bundle.etcdCa, bundle.kubernetesCa, bundle.aggregatorCa].map(
    (pair) => inspectCertificate(pair?.crt ?? "").subject,
  );
  assert.deepEqual(subjects.map((s) => s.organization?.[0] ?? s.commonName), [
    "talos",
    "etcd",
    "kubernetes",
    "front-proxy",
  ]);
  const { notAfter } = inspectCertificate(bundle.ca.crt);
  assert.ok(Math.abs(notAfter.getTime() - NOW.getTime() - 10 * YEAR_MS) < 86_400_000);
  assert.equal(atob(bundle.aescbcEncryptionSecret).length, 32);
});

Deno.test("createSecrets() for v0.8 gives RSA CAs and no secrets of static pods", async () => {
  const bundle = await createSecrets({ now: NOW, talosVersion: "v0.8" });
  assert.match(bundle.etcdCa.key, /BEGIN RSA PRIVATE KEY/);
  assert.match(bundle.kubernetesCa.key, /BEGIN RSA PRIVATE KEY/);
  assert.equal(bundle.aggregatorCa, undefined);
  assert.equal(bundle.serviceAccountKey, undefined);
});

Deno.test("contractOf() reads releases and refuses anything else", () => {
  assert.deepEqual(contractOf(undefined), { ecdsaKeys: true, staticPods: true });
  assert.deepEqual(contractOf("v0.9.3"), { ecdsaKeys: true, staticPods: true });
  assert.deepEqual(contractOf("0.8"), { ecdsaKeys: false, staticPods: false });
  assert.throws(() => contractOf("latest"), /error parsing version "latest"/);
});

Deno.test("randomToken() gives tokens that Kubernetes takes, never the same", () => {
  const tokens = new Set(Array.from({ length: 1_000 }, randomToken));
  assert.equal(tokens.size, 1_000);
  const letters = new Map<string, number>();
  for (const token of tokens) {
    assert.match(token, /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    for (const letter of token.replace(".", "")) {
      letters.set(letter, (letters.get(letter) ?? 0) + 1);
    }
  }
  // 22,000 letters over 36: each some 611 times; a bias towards the first ones would show.
  assert.equal(letters.size, 36);
  for (const count of letters.values()) assert.ok(count > 450 && count < 800, `${count}`);
});

Deno.test("createAdminIdentity() is signed by the cluster's CA", async () => {
  const { ca } = await createSecrets({ now: NOW });
  const admin = await createAdminIdentity({ ca, now: NOW });
  await verifyCertificate({ crt: admin.crt, ca: ca.crt, now: NOW, usage: "clientAuth" });
});

Deno.test("secretsOf() takes back what a control plane's file was made from", async () => {
  const secrets = await createSecrets({ now: NOW });
  const files = generateConfigs({ clusterName: "a", endpoint: "https://10.0.0.1", secrets });
  const controlplane = parseConfig(files.controlplane).config;
  const join = parseConfig(files.join).config;
  assert.ok(controlplane && join);
  assert.deepEqual(secretsOf(controlplane), secrets);
  assert.throws(() => secretsOf(join), /lacks the key of a CA/);
});
