import assert from "node:assert/strict";
import { createKey, inspectCertificate, privateKey, publicKeyPem, readCsr, tlsKey } from "./mod.ts";
import { decodePem, encodePem } from "./pem.ts";

Deno.test("decodePem() gives back what encodePem() wrote, of every length", () => {
  for (let length = 0; length < 200; length++) {
    const der = crypto.getRandomValues(new Uint8Array(length));
    assert.deepEqual(decodePem(encodePem("CERTIFICATE", der)), [{ label: "CERTIFICATE", der }]);
  }
});

Deno.test("decodePem() reads blocks between other text, with CRLF too", () => {
  const a = encodePem("A", new Uint8Array([1]));
  const b = encodePem("B", new Uint8Array([2])).replaceAll("\n", "\r\n");
  assert.deepEqual(decodePem(`# one\n${a}two\r\n${b}`).map(({ label }) => label), ["A", "B"]);
});

Deno.test("decodePem() refuses a body that is not base64 and an end of another name", () => {
  const bad = "-----BEGIN A-----\n*?\n-----END A-----\n";
  assert.throws(() => decodePem(bad), /Cannot read PEM block "A": its body is not base64/);
  const mixed = "-----BEGIN A-----\nAQ==\n-----END B-----\n";
  assert.throws(() => decodePem(mixed), /Cannot read PEM block "A": it ends as "B"/);
});

Deno.test("privateKey() reads an Ed25519 key under either label; tlsKey() writes the common one", async () => {
  const ours = await createKey("ed25519");
  assert.match(ours, /^-----BEGIN ED25519 PRIVATE KEY-----\n/);
  const common = tlsKey(ours);
  assert.match(common, /^-----BEGIN PRIVATE KEY-----\n/);
  assert.ok(privateKey(ours).equals(privateKey(common)));
  assert.match(publicKeyPem(ours), /^-----BEGIN PUBLIC KEY-----\n/);
});

Deno.test("errors name what was looked for and what was found", async () => {
  const key = await createKey("ed25519");
  assert.throws(() => inspectCertificate(key), {
    name: "SyntaxError",
    message: 'Cannot read certificate: the PEM text holds "ED25519 PRIVATE KEY"',
  });
  assert.throws(() => privateKey("nothing"), {
    message: "Cannot read private key: the text holds no PEM block",
  });
  const junk = encodePem("CERTIFICATE", new Uint8Array([48, 3, 1, 2, 3]));
  assert.throws(() => inspectCertificate(junk), {
    message: "Cannot read certificate: the PEM body is not a certificate",
  });
  const noKey = encodePem("EC PRIVATE KEY", new Uint8Array([48, 3, 1, 2, 3]));
  assert.throws(() => privateKey(noKey), {
    message: 'Cannot read private key: the body of "EC PRIVATE KEY" is not a key',
  });
  await assert.rejects(readCsr(key), {
    message: 'Cannot read certificate request: the PEM text holds "ED25519 PRIVATE KEY"',
  });
});
