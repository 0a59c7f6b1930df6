import { inspectCertificate, splitCertificates } from "./inspect.ts";
import type { Usage } from "./issue.ts";
import { covers } from "./names.ts";
import { parseCertificate, x509 } from "./_x509.ts";

/** Why a certificate is not accepted. */
export type CertificateFault =
  | "expired"
  | "notYetValid"
  | "unknownAuthority"
  | "notCa"
  | "usage"
  | "name";

/** A certificate that is well-formed but not accepted; `fault` says in which respect. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  constructor(readonly fault: CertificateFault, message: string) {
    super(message);
  }
}

/** What a certificate has to stand. */
export interface CertificateDemand {
  readonly crt: string;
  /** One or more CA certificates; one of them has to have signed `crt`. */
  readonly ca: string;
  readonly now: Date;
  readonly usage?: Usage;
  /** An address or host name the certificate has to speak for. */
  readonly host?: string;
}

/** Checks a leaf right under a CA, all of it. @throws {CertificateError} that names what is wrong. */
export async function verifyCertificate(demand: CertificateDemand): Promise<void> {
  const leaf = inspectCertificate(demand.crt);
  const who = `certificate "${parseCertificate(demand.crt).subject}"`;
  const fail = (fault: CertificateFault, state: string): never => {
    throw new CertificateError(fault, `Cannot accept ${who}: ${state}`);
  };
  const ca = await signedBy(demand) ?? fail("unknownAuthority", "none of the CAs signed it");
  if (!ca.getExtension(x509.BasicConstraintsExtension)?.ca) {
    fail("notCa", `"${ca.subject}", which signed it, is not a CA`);
  }
  for (const [what, { notBefore, notAfter }] of [["it", leaf], ["its CA", ca]] as const) {
    if (demand.now < notBefore) {
      fail("notYetValid", `${what} is not valid before ${notBefore.toISOString()}`);
    }
    if (demand.now > notAfter) fail("expired", `${what} expired at ${notAfter.toISOString()}`);
  }
  if (demand.usage && leaf.usages.length && !leaf.usages.includes(demand.usage)) {
    fail("usage", `it is for ${leaf.usages.join(", ")}, not for ${demand.usage}`);
  }
  if (demand.host !== undefined && !covers(leaf.sans, demand.host)) {
    const names = [...leaf.sans.ips, ...leaf.sans.dns].join(", ") || "no name";
    fail("name", `it speaks for ${names}, not for "${demand.host}"`);
  }
}

async function signedBy(demand: CertificateDemand): Promise<x509.X509Certificate | undefined> {
  const leaf = parseCertificate(demand.crt);
  for (const pem of splitCertificates(demand.ca)) {
    const ca = parseCertificate(pem, "CA certificate");
    if (ca.subject !== leaf.issuer) continue;
    const signed = await leaf.verify({ publicKey: ca.publicKey, signatureOnly: true })
      .catch(() => false);
    if (signed) return ca;
  }
  return undefined;
}
