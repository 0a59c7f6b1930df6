import assert from "node:assert/strict";
import {
  createCa,
  createCsr,
  createKey,
  crossSign,
  hoursMs,
  issueLeaf,
  type KeyKind,
  keyMatches,
  NO_SANS,
  type PemPair,
  readCsr,
  sans,
  selfSignedServer,
  signCsr,
  tlsKey,
} from "./mod.ts";
import { Folder, installed, run, world } from "./_testing.ts";

const ignore = !installed("openssl");
const KINDS: KeyKind[] = ["ed25519", "ecdsa-p256", "rsa-4096"];
const NOW = new Date();

// One CA a kind for all tests here: an RSA key takes seconds to find.
const made = new Map<KeyKind, Promise<PemPair>>();
function caOf(kind: KeyKind): Promise<PemPair> {
  const ca = made.get(kind) ?? createCa({ kind, subject: { organization: ["talos"] }, now: NOW });
  made.set(kind, ca);
  return ca;
}

async function openssl(args: string[], stdin = ""): Promise<string> {
  const ran = await run("openssl", args, { stdin });
  assert.ok(ran?.ok, `openssl ${args.join(" ")}: ${ran?.stderr}`);
  return ran.stdout;
}

for (const kind of KINDS) {
  Deno.test({
    name: `createCa() makes a ${kind} CA that openssl verifies as its own root`,
    ignore,
    async fn() {
      await using dir = await Folder.make();
      const ca = await caOf(kind);
      const file = await dir.put("ca.crt", ca.crt);
      await openssl(["verify", "-x509_strict", "-check_ss_sig", "-CAfile", file, file]);
      const text = await openssl(["x509", "-noout", "-text", "-in", file]);
      assert.match(text, /Issuer: O = talos\n/);
      assert.match(text, /Subject: O = talos\n/);
      assert.match(text, /X509v3 Basic Constraints: critical\s+CA:TRUE/);
      assert.match(text, /Digital Signature, Certificate Sign, CRL Sign/);
      const tenYears = new Date(NOW.getTime() + hoursMs(87_600));
      const end = await openssl(["x509", "-noout", "-enddate", "-dateopt", "iso_8601"], ca.crt);
      const want = tenYears.toISOString().slice(0, 19).replace("T", " ") + "Z";
      assert.equal(end.trim(), `notAfter=${want}`);
    },
  });

  Deno.test({
    name: `createCa() makes a ${kind} key that openssl checks`,
    ignore,
    async fn() {
      const { key } = await caOf(kind);
      const label = { "ed25519": "ED25519", "ecdsa-p256": "EC", "rsa-4096": "RSA" }[kind];
      assert.ok(key.startsWith(`-----BEGIN ${label} PRIVATE KEY-----\n`), key.slice(0, 40));
      await openssl(["pkey", "-check", "-noout"], tlsKey(key));
    },
  });

  Deno.test({
    name: `createCsr() makes a ${kind} request that openssl verifies, names and all`,
    ignore,
    async fn() {
      const { key } = await caOf(kind);
      const subject = { commonName: "node-a", organization: ["os:admin"] };
      const csr = await createCsr({ key, subject, sans: sans(["10.5.0.2", "fd00::2", "node-a"]) });
      assert.ok(csr.startsWith("-----BEGIN CERTIFICATE REQUEST-----\n"));
      const text = await openssl(["req", "-verify", "-noout", "-text"], csr);
      assert.match(text, /Subject: O = os:admin, CN = node-a\n/);
      assert.match(text, /IP Address:10\.5\.0\.2, IP Address:FD00:0:0:0:0:0:0:2, DNS:node-a/);
    },
  });
}

Deno.test({
  name: "signCsr() gives each kind of key a certificate under each kind of CA",
  ignore,
  async fn() {
    await using dir = await Folder.make();
    for (const caKind of KINDS) {
      const ca = await caOf(caKind);
      const caFile = await dir.put(`${caKind}.crt`, ca.crt);
      for (const kind of ["ed25519", "ecdsa-p256"] as const) {
        const key = await createKey(kind);
        const csr = await createCsr({ key, sans: sans(["10.5.0.2"]) });
        const usages = ["serverAuth"] as const;
        const crt = await signCsr({ ca, csr, usages, now: NOW, lifetimeMs: hoursMs(24) });
        const file = await dir.put("leaf.crt", crt);
        await openssl(
          ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_ip", "10.5.0.2"]
            .concat("-CAfile", caFile, file),
        );
        const asClient = await run(
          "openssl",
          ["verify", "-purpose", "sslclient"]
            .concat("-CAfile", caFile, file),
        );
        assert.equal(asClient?.ok, false, "a server-only certificate passed as a client's");
        assert.ok(keyMatches(crt, key));
      }
    }
  },
});

Deno.test({
  name: "readCsr() reads what openssl made, on P-384 and RSA too, and signCsr() signs it",
  ignore,
  async fn() {
    await using dir = await Folder.make();
    const { ca } = await world();
    const caFile = await dir.put("ca.crt", ca.crt);
    for (const algorithm of ["ED25519", "EC:P-256", "EC:P-384", "RSA:2048"]) {
      const [name = "", detail] = algorithm.split(":");
      const option = { EC: `ec_paramgen_curve:${detail}`, RSA: `rsa_keygen_bits:${detail}` }[name];
      const key = await openssl(["genpkey", "-algorithm", name]
        .concat(option ? ["-pkeyopt", option] : []));
      const keyFile = await dir.put("key.pem", key);
      const csr = await openssl(["req", "-new", "-key", keyFile, "-subj", "/O=ops/CN=node-b"]
        .concat("-addext", "subjectAltName=IP:10.5.0.3,DNS:node-b"));
      const { subject, sans: names } = await readCsr(csr);
      assert.deepEqual(subject, { commonName: "node-b", organization: ["ops"] });
      assert.deepEqual(names, { ips: ["10.5.0.3"], dns: ["node-b"] });
      const crt = await signCsr({
        ca,
        csr,
        usages: ["clientAuth"],
        now: new Date(),
        lifetimeMs: hoursMs(1),
      });
      const file = await dir.put("leaf.crt", crt);
      await openssl(["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", caFile, file]);
      assert.ok(keyMatches(crt, key), algorithm);
    }
  },
});

Deno.test({
  name: "issueLeaf() signs under a CA that openssl made, in openssl's own key format",
  ignore,
  async fn() {
    await using dir = await Folder.make();
    // A parameters block stands before the key: `openssl ecparam` writes it so.
    const key = await openssl(["ecparam", "-name", "prime256v1", "-genkey"]);
    assert.match(key, /BEGIN EC PARAMETERS/);
    const keyFile = await dir.put("ca.key", key);
    const crt = await openssl(
      ["req", "-x509", "-key", keyFile, "-days", "10", "-subj", "/C=DE/O=Ümlaut & Co/CN=root"],
    );
    const caFile = await dir.put("ca.crt", crt);
    const leaf = await issueLeaf({
      ca: { crt, key },
      kind: "ecdsa-p256",
      subject: { commonName: "x" },
      sans: NO_SANS,
      usages: ["clientAuth"],
      now: new Date(),
      lifetimeMs: hoursMs(1),
    });
    const file = await dir.put("leaf.crt", leaf.crt);
    await openssl(["verify", "-CAfile", caFile, file]);
  },
});

Deno.test({
  name: "signCsr() never makes a CA or a wider use out of what a request asks for",
  ignore,
  async fn() {
    await using dir = await Folder.make();
    const key = await dir.put("key.pem", tlsKey(await createKey("ed25519")));
    const csr = await openssl(["req", "-new", "-key", key, "-subj", "/CN=x"].concat(
      ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign"],
      ["-addext", "extendedKeyUsage=serverAuth,clientAuth,codeSigning"],
    ));
    const ca = await caOf("ed25519");
    const usages = ["clientAuth"] as const;
    const crt = await signCsr({ ca, csr, usages, now: NOW, lifetimeMs: hoursMs(1) });
    const text = await openssl(["x509", "-noout", "-text"], crt);
    assert.match(text, /X509v3 Basic Constraints: critical\s+CA:FALSE/);
    assert.match(text, /X509v3 Key Usage: critical\s+Digital Signature\n/);
    assert.match(text, /X509v3 Extended Key Usage: \s+TLS Web Client Authentication\n/);
  },
});

Deno.test({
  name: "selfSignedServer() makes a server certificate that openssl takes as its own root",
  ignore,
  async fn() {
    await using dir = await Folder.make();
    const { crt, key } = await selfSignedServer({
      subject: { commonName: "maintenance" },
      sans: sans(["10.0.2.15", "node-a"]),
      now: NOW,
      lifetimeMs: hoursMs(24),
    });
    assert.ok(keyMatches(crt, key));
    const file = await dir.put("server.crt", crt);
    await openssl(["verify", "-check_ss_sig", "-partial_chain", "-CAfile", file, file]);
    const text = await openssl(["x509", "-noout", "-text", "-in", file]);
    assert.match(text, /Public-Key: \(256 bit\)/);
    assert.match(text, /X509v3 Basic Constraints: critical\s+CA:FALSE/);
    assert.match(text, /TLS Web Server Authentication\n/);
    assert.match(text, /IP Address:10\.0\.2\.15|DNS:node-a/);
  },
});

Deno.test({
  name: "crossSign() has openssl take servers of the other CA, and none of its clients",
  ignore,
  async fn() {
    await using dir = await Folder.make();
    const kubernetes = await createCa({
      ...{ kind: "ecdsa-p256", subject: { organization: ["kubernetes"] }, now: NOW },
    });
    const root = ["-CAfile", await dir.put("kubernetes.crt", kubernetes.crt)];
    for (const kind of KINDS) {
      const ca = await caOf(kind);
      const cross = await crossSign({ ca: kubernetes, crt: ca.crt });
      const chain = [...root, "-untrusted", await dir.put("cross.crt", cross)];
      const usages = ["serverAuth", "clientAuth"] as const;
      const leaf = { ca, usages, sans: sans(["10.5.0.2"]), now: NOW, lifetimeMs: hoursMs(24) };
      const { crt } = await issueLeaf({ ...leaf, kind: "ecdsa-p256" });
      const file = await dir.put("leaf.crt", crt);
      await openssl(["verify", "-x509_strict", "-purpose", "sslserver", ...chain, file]);
      const asClient = await run("openssl", ["verify", "-purpose", "sslclient", ...chain, file]);
      assert.equal(asClient?.ok, false, `a client of the ${kind} CA passed as one of Kubernetes`);
    }
  },
});
