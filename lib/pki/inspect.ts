import { createHash } from "node:crypto";
import type { Usage } from "./issue.ts";
import { keySpki } from "./key.ts";
import type { Sans, Subject } from "./names.ts";
import { decodePem, encodePem } from "./pem.ts";
import { parseCertificate, sansOf, subjectOf, x509 } from "./_x509.ts";

/** What a certificate says. */
export interface CertificateInfo {
  readonly subject: Subject;
  readonly issuer: Subject;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly sans: Sans;
  /** Empty when the certificate does not limit its use. */
  readonly usages: readonly (Usage | string)[];
  readonly isCa: boolean;
  /** SHA-256 over the public key (SPKI), base64: what `--cert-fingerprint` pins. */
  readonly fingerprint: string;
}

const SAN_OID = "2.5.29.17";
const USAGES: Record<string, Usage> = {
  [x509.ExtendedKeyUsage.clientAuth]: "clientAuth",
  [x509.ExtendedKeyUsage.serverAuth]: "serverAuth",
};

/** What the first certificate in `pem` says. @throws {SyntaxError} when there is none. */
export function inspectCertificate(pem: string): CertificateInfo {
  const crt = parseCertificate(pem);
  const usages = crt.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
  return {
    subject: subjectOf(crt.subjectName),
    issuer: subjectOf(crt.issuerName),
    serialNumber: crt.serialNumber,
    notBefore: crt.notBefore,
    notAfter: crt.notAfter,
    sans: sansOf(crt.getExtension(SAN_OID)),
    // Array.from, for map() of the library's own array class gives that class again.
    usages: Array.from(usages, (oid) => USAGES[String(oid)] ?? String(oid)),
    isCa: crt.getExtension(x509.BasicConstraintsExtension)?.ca ?? false,
    fingerprint: spkiFingerprint(new Uint8Array(crt.publicKey.rawData)),
  };
}

/** SHA-256 of a public key (SPKI, DER) in base64. */
export function spkiFingerprint(spki: Uint8Array): string {
  return createHash("sha256").update(spki).digest("base64");
}

/** SHA-256 of the whole certificate in hex: what `gen ca` writes into its `.sha256` file. */
export function certificateHash(pem: string): string {
  const { rawData } = parseCertificate(pem);
  return createHash("sha256").update(new Uint8Array(rawData)).digest("hex");
}

/** Whether the private key is the one the certificate is about. */
export function keyMatches(crt: string, key: string): boolean {
  const known = new Uint8Array(parseCertificate(crt).publicKey.rawData);
  return spkiFingerprint(known) === spkiFingerprint(keySpki(key));
}

/** The certificates in `pem`, each as PEM text of its own. */
export function splitCertificates(pem: string): string[] {
  return decodePem(pem).filter(({ label }) => label === "CERTIFICATE")
    .map(({ label, der }) => encodePem(label, der));
}
