/**
 * What `talosctl gen` writes, judged by openssl.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Home } from "./spec.ts";

async function openssl(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("openssl", { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function has(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["version"] }).output()).success;
  } catch {
    return false;
  }
}

async function mode(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

Deno.test({
  name: "talosctl gen makes a CA, a request and a certificate that openssl accepts",
  ignore: !await has("openssl"),
  async fn() {
    await using home = await Home.make();
    const steps = [
      ["gen", "ca", "--organization", "demo", "--hours", "48"],
      ["gen", "key", "--name", "node"],
      ["gen", "csr", "--key", "node.key", "--ip", "10.0.0.5"],
      ["gen", "crt", "--ca", "demo", "--csr", "node.csr", "--name", "node", "--hours", "2"],
    ];
    for (const args of steps) assert.equal((await home.run(args)).code, 0, args.join(" "));
    assert.match(await openssl("verify", "-CAfile", "demo.crt", "node.crt"), /node\.crt: OK/);
    assert.match(await openssl("x509", "-in", "demo.crt", "-noout", "-subject"), /O ?= ?demo/);
    assert.match(
      await openssl("x509", "-in", "node.crt", "-noout", "-ext", "subjectAltName"),
      /IP Address:10\.0\.0\.5/,
    );
    const text = await openssl("x509", "-in", "node.crt", "-noout", "-text");
    assert.match(text, /Signature Algorithm: ED25519/);
    for (
      const name of ["demo.crt", "demo.key", "demo.sha256", "node.key", "node.csr", "node.crt"]
    ) {
      assert.equal(await mode(name), 0o600, name);
    }
    assert.match(await Deno.readTextFile("demo.sha256"), /^sha256:[0-9a-f]{64}$/);
    assert.match(await Deno.readTextFile("demo.key"), /^-----BEGIN ED25519 PRIVATE KEY-----\n/);
  },
});

Deno.test({
  name: "talosctl gen ca --rsa and gen keypair make certificates that openssl reads",
  ignore: !await has("openssl"),
  async fn() {
    await using home = await Home.make();
    assert.equal((await home.run(["gen", "ca", "--organization", "r", "--rsa"])).code, 0);
    assert.match(await openssl("rsa", "-in", "r.key", "-check", "-noout"), /RSA key ok/);
    assert.equal(
      (await home.run(["gen", "keypair", "--organization", "k", "--ip", "::1"])).code,
      0,
    );
    const shown = await openssl(
      "x509",
      "-in",
      "k.crt",
      "-noout",
      "-subject",
      "-issuer",
      "-ext",
      "subjectAltName",
    );
    assert.match(shown, /subject=O ?= ?k\nissuer=O ?= ?k\n/);
    assert.match(shown, /IP Address:0:0:0:0:0:0:0:1/);
  },
});

Deno.test("talosctl gen config writes files of mode 0600, also over files others could read", async () => {
  await using home = await Home.make();
  await Deno.mkdir("out");
  await Deno.writeTextFile("out/init.yaml", "old", { mode: 0o644 });
  const { code } = await home.run(["gen", "config", "demo", "https://10.0.0.1:6443", "-o", "out"]);
  assert.equal(code, 0);
  for (const name of ["init.yaml", "controlplane.yaml", "join.yaml", "talosconfig"]) {
    assert.equal(await mode(`out/${name}`), 0o600, name);
  }
  assert.doesNotMatch(await Deno.readTextFile("out/join.yaml"), /PRIVATE|clusterName: demo/);
});

Deno.test("talosctl gen config leaves nothing behind when it cannot write", async () => {
  await using home = await Home.make();
  await Deno.writeTextFile("out", "a file");
  const { code, stderr } = await home.run([
    "gen",
    "config",
    "demo",
    "https://10.0.0.1:6443",
    "-o",
    "out",
  ]);
  assert.deepEqual([code, stderr], [1, 'Cannot write to "out": it is not a directory\n']);
  assert.deepEqual((await Array.fromAsync(Deno.readDir("."))).map(({ name }) => name), ["out"]);
});
