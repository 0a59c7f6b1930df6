/** Who has signed an EFI program (Microsoft's Authenticode: PKCS #7, RFC 2315, behind the program). */
import type { X509Certificate } from "node:crypto";
import { OPTIONAL, peHeaders } from "./pe.ts";
import { open } from "./read_der.ts";
import { certificateOf } from "./signature_database.ts";

/** The headers of a program are within so many of its first bytes. */
export const HEAD_BYTES = 4096;
/** In front of a signature: its length, a revision, and 2 when it is PKCS #7. */
const SIGNATURE = { headerBytes: 8, kind: 6, pkcs7: 2, alignment: 8 } as const;
/** The tag of fields that are there in some messages alone. */
const OPTIONAL_TAG = 0xa0;

/** A part of a file. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/**
 * Where in a program's file the signatures are, by the file's first `HEAD_BYTES`; of length 0 when
 * nobody has signed it.
 *
 * @throws {SyntaxError} when it is no EFI program
 */
export function signaturesIn(head: Uint8Array<ArrayBuffer>): Extent {
  const { view, optional } = peHeaders(head, "read who signed a boot program: it");
  if (optional + OPTIONAL.certificates + 8 > head.length) return { offset: 0, length: 0 };
  return {
    offset: view.getUint32(optional + OPTIONAL.certificates, true),
    length: view.getUint32(optional + OPTIONAL.certificates + 4, true),
  };
}

/** The certificates that signatures come with. @throws {SyntaxError} when they are cut short */
export function signersIn(signatures: Uint8Array<ArrayBuffer>): X509Certificate[] {
  const view = new DataView(signatures.buffer, signatures.byteOffset, signatures.byteLength);
  const signers: X509Certificate[] = [];
  for (let at = 0; at + SIGNATURE.headerBytes <= signatures.length;) {
    const length = view.getUint32(at, true);
    if (length <= SIGNATURE.headerBytes || at + length > signatures.length) {
      throw new SyntaxError("Cannot read who signed a boot program: a signature is cut short");
    }
    if (view.getUint16(at + SIGNATURE.kind, true) === SIGNATURE.pkcs7) {
      const message = signatures.subarray(at + SIGNATURE.headerBytes, at + length);
      signers.push(...certificatesOf(message));
    }
    at += Math.ceil(length / SIGNATURE.alignment) * SIGNATURE.alignment;
  }
  return signers;
}

/** The certificates in a signed message of PKCS #7 (RFC 2315, 9.1). */
function certificatesOf(message: Uint8Array): X509Certificate[] {
  // Its type, then, tagged, what is signed: version, digests, content, certificates.
  const { content } = open(message);
  const tagged = open(content, open(content).end);
  const signed = open(tagged.content).content;
  let at = 0;
  for (let field = 0; field < 3; field++) at = open(signed, at).end;
  if (signed[at] !== OPTIONAL_TAG) return [];
  const list = open(signed, at).content;
  const found: X509Certificate[] = [];
  for (let next = 0; next < list.length;) {
    const { end } = open(list, next);
    const certificate = certificateOf(list.subarray(next, end));
    if (certificate) found.push(certificate);
    next = end;
  }
  return found;
}
