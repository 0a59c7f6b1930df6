/** Signatures for Secure Boot, looked at with other people's tools. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { HEAD_BYTES, signaturesIn, signersIn } from "$lib/efi/mod.ts";
import { run } from "../run.ts";
import { isOnPath } from "../tools.ts";
import { Scratch } from "../testing.ts";
import { programHash, type SecureBootKey, signProgram } from "./authenticode.ts";
import { efiProgram } from "./testing.ts";

const missing = await isOnPath("openssl")
  ? await isOnPath("sbverify") ? undefined : "sbverify is not installed"
  : "openssl is not installed";

/** A key with a certificate of its own making. */
async function makeKey(directory: string, name: string): Promise<SecureBootKey> {
  const [key, crt] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  await run("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", `/O=Test/CN=${name}`],
    ...["-days", "2", "-keyout", key, "-out", crt],
  ]);
  return { privateKey: await Deno.readTextFile(key), certificate: await Deno.readTextFile(crt) };
}

Deno.test({
  name: `signProgram() makes what sbverify takes${missing ? ` (skipped: ${missing})` : ""}`,
  ignore: missing !== undefined,
  async fn() {
    await using scratch = await Scratch.make();
    const [ours, other] = [await makeKey(scratch.path, "a"), await makeKey(scratch.path, "b")];
    const path = join(scratch.path, "program.efi");
    const verify = async (program: Uint8Array, crt: string) => {
      await Deno.writeFile(path, program);
      const args = ["--cert", join(scratch.path, `${crt}.crt`), path];
      return (await new Deno.Command("sbverify", { args, stdout: "null", stderr: "null" }).output())
        .success;
    };
    for (const extra of [0, 3, 100]) {
      const program = efiProgram({ free: 4, symbols: extra });
      const signed = signProgram(program, ours);
      assert.equal(await verify(signed, "a"), true, `${extra} bytes behind the sections`);
      assert.equal(await verify(signed, "b"), false, "another certificate");
      assert.deepEqual(signProgram(program, ours), signed, "the same bytes again");
      const resigned = signProgram(signed, other);
      assert.equal(await verify(resigned, "b"), true, "signed anew");
      assert.equal(await verify(resigned, "a"), false, "by another key");
      const changed = signed.slice();
      changed[program.length - extra - 1]! ^= 1;
      assert.equal(await verify(changed, "a"), false, "a changed byte");
    }
  },
});

Deno.test({
  name: `signersIn() reads who has signed a program, us or sbsign${
    missing ? ` (skipped: ${missing})` : ""
  }`,
  ignore: missing !== undefined,
  async fn() {
    await using scratch = await Scratch.make();
    const key = await makeKey(scratch.path, "a");
    const program = efiProgram({ free: 4, symbols: 3 });
    const paths = ["program.efi", "signed.efi"].map((name) => join(scratch.path, name));
    await Deno.writeFile(paths[0]!, program);
    const files = ["a.key", "a.crt"].map((name) => join(scratch.path, name));
    await run("sbsign", [
      ...["--key", files[0]!, "--cert", files[1]!, "--output", paths[1]!, paths[0]!],
    ]);
    const signers = (bytes: Uint8Array<ArrayBuffer>) => {
      const { offset, length } = signaturesIn(bytes.subarray(0, HEAD_BYTES));
      return signersIn(bytes.slice(offset, offset + length)).map(({ subject }) => subject);
    };
    assert.deepEqual(signers(program), []);
    assert.deepEqual(signers(signProgram(program, key)), ["O=Test\nCN=a"]);
    const signed = await Deno.readFile(paths[1]!);
    assert.deepEqual(signers(signed), ["O=Test\nCN=a"]);
    // Whatever is cut off or changed, it is a program or it is said that it is none.
    const { offset, length } = signaturesIn(signed);
    for (let at = 0; at < length; at += 7) {
      const garbled = signed.slice(offset, offset + length);
      garbled[at]! ^= 0xff;
      for (const bytes of [garbled, garbled.slice(0, at)]) {
        try {
          signersIn(bytes);
        } catch (error) {
          assert.ok(error instanceof SyntaxError, String(error));
        }
      }
    }
  },
});

Deno.test("programHash() leaves out the checksum and the place of the signatures", () => {
  const program = efiProgram({ free: 4, symbols: 8 });
  const hash = programHash(program).toHex();
  const flipped = (at: number) => {
    const other = program.slice();
    other[at]! ^= 1;
    return programHash(other).toHex();
  };
  const optional = 0x98;
  assert.equal(flipped(optional + 64), hash);
  assert.equal(flipped(optional + 144), hash);
  for (const at of [2, optional + 63, optional + 68, optional + 152, program.length - 1]) {
    assert.notEqual(flipped(at), hash, `byte ${at}`);
  }
});

Deno.test("signProgram() says which keys it cannot use", async () => {
  await using scratch = await Scratch.make();
  const program = efiProgram({ free: 4, symbols: 0 });
  assert.throws(() => signProgram(new Uint8Array(100), NO_KEY), {
    message: "Cannot sign a boot program: it is no EFI program",
  });
  if (missing !== undefined) return;
  const key = await makeKey(scratch.path, "a");
  const pem = { type: "pkcs8", format: "pem" } as const;
  const ed25519 = generateKeyPairSync("ed25519").privateKey.export(pem).toString();
  assert.throws(() => signProgram(program, { ...key, privateKey: ed25519 }), {
    message: 'Cannot sign for Secure Boot: the key is of kind "ed25519", firmware wants RSA',
  });
  const { privateKey } = await makeKey(scratch.path, "b");
  assert.throws(() => signProgram(program, { ...key, privateKey }), {
    message: "Cannot sign for Secure Boot: the key is not that of the certificate",
  });
});

const NO_KEY: SecureBootKey = { privateKey: "", certificate: "" };
