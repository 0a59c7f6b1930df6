import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { createCa, issueServerLeaf } from "$lib/pki/mod.ts";
import { readSignatureDatabase } from "./signature_database.ts";
import { startFault } from "./start_fault.ts";

const NOW = new Date();
/** GUIDs of the UEFI specification, as they are printed there. */
const X509 = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";
const SHA256 = "c1c41626-504c-4092-aca9-41f936934328";

/** A GUID in memory: its first three numbers have their low byte first. */
function guid(text: string): Buffer {
  const [a = "", b = "", c = "", ...rest] = text.split("-");
  const low = [a, b, c].map((digits) => Buffer.from(digits, "hex").reverse());
  return Buffer.concat([...low, Buffer.from(rest.join(""), "hex")]);
}

/** A list with these entries, all of one length. */
function list(kind: string, ...entries: readonly Uint8Array[]): Uint8Array {
  const entryBytes = 16 + (entries[0]?.length ?? 0);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(28 + entries.length * entryBytes, 0);
  head.writeUInt32LE(entryBytes, 8);
  const owned = entries.flatMap((entry) => [Buffer.alloc(16, 7), entry]);
  return Buffer.concat([guid(kind), head, ...owned]);
}

function database(...lists: readonly Uint8Array[]) {
  return readSignatureDatabase(Uint8Array.from(Buffer.concat(lists)));
}

async function authority(name: string) {
  const pair = await createCa({ kind: "ecdsa-p256", subject: { organization: [name] }, now: NOW });
  return { pair, certificate: new X509Certificate(pair.crt) };
}

Deno.test("startFault() wants a signer that firmware knows, or whose issuer it knows", async () => {
  const [known, other] = [await authority("known"), await authority("other")];
  const firmware = database(list(X509, known.certificate.raw));
  assert.equal(startFault([known.certificate], firmware), undefined);
  assert.equal(startFault([other.certificate, known.certificate], firmware), undefined);
  const { crt } = await issueServerLeaf({ ca: known.pair, now: NOW, lifetimeMs: 3_600_000 });
  assert.equal(startFault([new X509Certificate(crt)], firmware), undefined);
  assert.equal(
    startFault([other.certificate], firmware),
    'it is signed by "O=other", and this machine\'s firmware starts only what "O=known" has signed',
  );
  assert.match(startFault([], firmware) ?? "", /^nobody has signed it, /);
});

Deno.test("startFault() says nothing where firmware knows single programs", () => {
  assert.equal(startFault([], database(list(SHA256, new Uint8Array(32)))), undefined);
});

Deno.test("readSignatureDatabase() reads every list, and passes over what it does not know", async () => {
  const { certificate } = await authority("one");
  const unknown = "00000000-1111-2222-3333-444444444444";
  const { certificates, hashes } = database(
    list(SHA256, new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)),
    list(unknown, new Uint8Array(5)),
    list(X509, certificate.raw),
    list(X509, new Uint8Array(9)),
  );
  assert.deepEqual(hashes, ["01".repeat(32), "02".repeat(32)]);
  assert.deepEqual(certificates.map(({ subject }) => subject), ["O=one"]);
});

Deno.test("readSignatureDatabase() refuses every part of a database but whole lists", async () => {
  const { certificate } = await authority("one");
  const whole = Uint8Array.from(
    Buffer.concat([list(SHA256, new Uint8Array(32)), list(X509, certificate.raw)]),
  );
  for (let length = 1; length < whole.length; length++) {
    if (length === 28 + 48) continue;
    assert.throws(() => readSignatureDatabase(whole.slice(0, length)), SyntaxError, `${length}`);
  }
});
