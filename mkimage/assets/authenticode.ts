/**
 * Signatures that firmware with Secure Boot asks for: Microsoft's Authenticode, a PKCS #7 signature over
 * the hash of a program, behind the program in the same file. Without a time in it: the same input gives
 * the same bytes.
 */
import { createHash, createPrivateKey, sign, X509Certificate } from "node:crypto";
import { open, OPTIONAL, peHeaders, SECTION } from "$lib/efi/mod.ts";
import { concat } from "../verity.ts";
import { integer, noBits, nothing, octetString, oid, sequence, set, tagged } from "./der.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A key whose certificate firmware knows, both as PEM. */
export interface SecureBootKey {
  readonly privateKey: string;
  readonly certificate: string;
}

const OID = {
  sha256: "2.16.840.1.101.3.4.2.1",
  rsa: "1.2.840.113549.1.1.1",
  signedData: "1.2.840.113549.1.7.2",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  indirectData: "1.3.6.1.4.1.311.2.1.4",
  peImage: "1.3.6.1.4.1.311.2.1.15",
} as const;
/** In front of a signature: its length, then these. */
const WIN_CERTIFICATE = { headerBytes: 8, revision: 0x200, pkcs7: 2 } as const;
/** What the signatures start at a multiple of. */
const ALIGNMENT = 8;

/**
 * The program with a signature of this key; one that it has already goes.
 *
 * @throws {TypeError} when the key is not RSA, or not that of the certificate
 */
export function signProgram(program: Bytes, key: SecureBootKey): Bytes {
  const { view, optional } = peHeaders(program, "sign a boot program: it");
  const former = view.getUint32(optional + OPTIONAL.certificates, true);
  const length = former === 0 ? program.length : former;
  const padded = Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  const unsigned = new Uint8Array(padded);
  unsigned.set(program.subarray(0, length));
  const signature = signedData(programHash(unsigned), key);
  const entryBytes = Math.ceil((WIN_CERTIFICATE.headerBytes + signature.length) / ALIGNMENT) *
    ALIGNMENT;
  const signed = new Uint8Array(padded + entryBytes);
  signed.set(unsigned);
  signed.set(signature, padded + WIN_CERTIFICATE.headerBytes);
  const to = new DataView(signed.buffer);
  to.setUint32(padded, entryBytes, true);
  to.setUint16(padded + 4, WIN_CERTIFICATE.revision, true);
  to.setUint16(padded + 6, WIN_CERTIFICATE.pkcs7, true);
  to.setUint32(optional + OPTIONAL.certificates, padded, true);
  to.setUint32(optional + OPTIONAL.certificates + 4, entryBytes, true);
  return signed;
}

/**
 * SHA-256 over all of a program but its checksum and the place of its signatures: the headers, the
 * sections as they lie in the file, and what follows them.
 */
export function programHash(program: Bytes): Bytes {
  const { view, optional, table, count } = peHeaders(program, "sign a boot program: it");
  const checksum = optional + OPTIONAL.checksum;
  const certificates = optional + OPTIONAL.certificates;
  const headers = view.getUint32(optional + OPTIONAL.headerBytes, true);
  const sections = Array.from({ length: count }, (_, i) => {
    const at = table + i * SECTION.size;
    const start = view.getUint32(at + SECTION.fileAt, true);
    return { start, end: start + view.getUint32(at + SECTION.fileBytes, true) };
  }).filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  const hash = createHash("sha256");
  const add = (start: number, end: number) => hash.update(program.subarray(start, end));
  add(0, checksum);
  add(checksum + 4, certificates);
  add(certificates + 8, headers);
  for (const { start, end } of sections) add(start, end);
  // Firmware counts the bytes that it has hashed, and goes on at that place.
  add(sections.reduce((sum, { start, end }) => sum + end - start, headers), program.length);
  return new Uint8Array(hash.digest());
}

/** PKCS #7 (RFC 2315) around the hash of a program. */
function signedData(hash: Bytes, { privateKey, certificate }: SecureBootKey): Bytes {
  const key = createPrivateKey(privateKey);
  const crt = new X509Certificate(certificate);
  if (key.asymmetricKeyType !== "rsa") {
    throw new TypeError(
      `Cannot sign for Secure Boot: the key is of kind "${key.asymmetricKeyType}", firmware wants RSA`,
    );
  }
  if (!crt.checkPrivateKey(key)) {
    throw new TypeError("Cannot sign for Secure Boot: the key is not that of the certificate");
  }
  const sha256 = sequence(oid(OID.sha256), nothing());
  // What is signed names a file, which nobody reads.
  const name = tagged(2, tagged(0, new Uint8Array(), IMPLICIT), EXPLICIT);
  const image = sequence(
    oid(OID.peImage),
    sequence(noBits(), tagged(0, name, EXPLICIT)),
  );
  const content = sequence(image, sequence(sha256, octetString(hash)));
  const digest = new Uint8Array(createHash("sha256").update(open(content).content).digest());
  const attributes = set(
    sequence(oid(OID.contentType), set(oid(OID.indirectData))),
    sequence(oid(OID.messageDigest), set(octetString(digest))),
  );
  const { issuer, serial } = issuerOf(crt.raw);
  const signer = sequence(
    integer(1),
    sequence(issuer, serial),
    sha256,
    // Signed as a set, written as a field.
    concat([new Uint8Array([0xa0]), attributes.subarray(1)]),
    sequence(oid(OID.rsa), nothing()),
    octetString(sign("sha256", attributes, key)),
  );
  const data = sequence(
    integer(1),
    set(sha256),
    sequence(oid(OID.indirectData), tagged(0, content, EXPLICIT)),
    tagged(0, crt.raw, EXPLICIT),
    set(signer),
  );
  return sequence(oid(OID.signedData), tagged(0, data, EXPLICIT));
}

const EXPLICIT = { explicit: true } as const;
const IMPLICIT = { explicit: false } as const;

/** Who issued a certificate, and its number, as they stand there (RFC 5280, 4.1). */
function issuerOf(certificate: Uint8Array): {
  readonly issuer: Uint8Array;
  readonly serial: Uint8Array;
} {
  const { content } = open(open(certificate).content);
  // The version is a field that need not be there.
  let at = content[0] === 0xa0 ? open(content).end : 0;
  const next = () => content.subarray(at, at = open(content, at).end);
  const serial = next();
  // How it is signed.
  next();
  return { serial, issuer: next() };
}
