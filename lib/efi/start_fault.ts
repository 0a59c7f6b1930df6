/** Whether firmware with Secure Boot would start a program. */
import type { X509Certificate } from "node:crypto";
import type { SignatureDatabase } from "./signature_database.ts";

/**
 * Why firmware would not start a program with these signers, if it would not. It is enough that one of
 * the certificates is in the database, or was issued by one that is. A database with hashes of single
 * programs is not known well enough: then nothing is said.
 */
export function startFault(
  signers: readonly X509Certificate[],
  { certificates, hashes }: SignatureDatabase,
): string | undefined {
  if (hashes.length > 0) return undefined;
  const trusted = signers.some((signer) =>
    certificates.some((known) => known.raw.equals(signer.raw) || issued(known, signer))
  );
  if (trusted) return undefined;
  const by = signers.length === 0 ? "nobody has signed it" : `it is signed by ${names(signers)}`;
  return `${by}, and this machine's firmware starts only what ${names(certificates)} has signed`;
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.subject === certificate.issuer && certificate.verify(issuer.publicKey);
}

function names(certificates: readonly X509Certificate[]): string {
  const subjects = certificates.map(({ subject }) => `"${subject.split("\n").join(", ")}"`);
  return subjects.length === 0 ? "nobody" : subjects.join(" or ");
}
