/** Whom firmware lets start a machine (UEFI 2.10, 32.4.1). */
import { X509Certificate } from "node:crypto";

/** The variable that holds the database. */
export const DATABASE_VARIABLE = "db-d719b2cb-3d3a-4596-a3bc-dad00e67656f";

/** Kinds of lists, as their GUIDs lie in memory. */
const KIND = {
  x509: "a159c0a5e494a74a87b5ab155c2bf072",
  sha256: "2616c4c14c509240aca941f936934328",
} as const;
/** In front of a list: its kind, its length, that of its own header, and that of each entry. */
const LIST = { headerBytes: 28, length: 16, ownHeader: 20, entry: 24 } as const;
/** In front of an entry: who put it there. */
const OWNER_BYTES = 16;

/** What firmware trusts. */
export interface SignatureDatabase {
  readonly certificates: readonly X509Certificate[];
  /** SHA-256 of single programs, hexadecimal. */
  readonly hashes: readonly string[];
}

/** Reads the lists of the variable's value; kinds that nobody uses are passed over. @throws {SyntaxError} */
export function readSignatureDatabase(value: Uint8Array<ArrayBuffer>): SignatureDatabase {
  const certificates: X509Certificate[] = [];
  const hashes: string[] = [];
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  for (let at = 0; at < value.length;) {
    const cut = at + LIST.headerBytes > value.length;
    const length = cut ? 0 : view.getUint32(at + LIST.length, true);
    const entryBytes = cut ? 0 : view.getUint32(at + LIST.entry, true);
    if (length < LIST.headerBytes || at + length > value.length || entryBytes <= OWNER_BYTES) {
      throw new SyntaxError("Cannot read firmware's signature database: a list is cut short");
    }
    const kind = value.subarray(at, at + LIST.length).toHex();
    const end = at + length;
    let entry = at + LIST.headerBytes + view.getUint32(at + LIST.ownHeader, true);
    for (; entry + entryBytes <= end; entry += entryBytes) {
      const data = value.subarray(entry + OWNER_BYTES, entry + entryBytes);
      if (kind === KIND.sha256) hashes.push(data.toHex());
      const certificate = kind === KIND.x509 ? certificateOf(data) : undefined;
      if (certificate) certificates.push(certificate);
    }
    at = end;
  }
  return { certificates, hashes };
}

/** A certificate from its DER form, or nothing when it is none that is understood here. */
export function certificateOf(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
