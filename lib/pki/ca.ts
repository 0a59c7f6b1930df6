import { createKey, type KeyKind } from "./key.ts";
import type { Subject } from "./names.ts";
import { encodePem, type PemPair } from "./pem.ts";
import { hoursMs, validity, within } from "./validity.ts";
import { signer } from "./_webcrypto.ts";
import { distinguishedName, parseCertificate, serialNumber, x509 } from "./_x509.ts";

/** Ten years: the life of every CA of a cluster. */
export const CA_HOURS = 87_600;

/** What a self-signed CA is made of. */
export interface CaRequest {
  readonly kind: KeyKind;
  /** `organization: ["talos"]` for most; the aggregator's has `commonName: "front-proxy"`. */
  readonly subject: Subject;
  readonly now: Date;
  /** Defaults to ten years. */
  readonly lifetimeMs?: number;
}

/** A new self-signed CA. */
export async function createCa(request: CaRequest): Promise<PemPair> {
  const key = await createKey(request.kind);
  const { keys, signature } = await signer(key);
  const { KeyUsageFlags } = x509;
  const crt = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: distinguishedName(request.subject),
    ...validity(request.now, request.lifetimeMs ?? hoursMs(CA_HOURS)),
    keys,
    signingAlgorithm: signature,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { crt: encodePem("CERTIFICATE", new Uint8Array(crt.rawData)), key };
}

/** A CA that vouches for another. */
export interface CrossRequest {
  readonly ca: PemPair;
  /** The certificate of the CA that is vouched for. */
  readonly crt: string;
}

/**
 * A certificate by which who trusts `ca` alone takes servers of the CA in `crt`, for as long as both
 * hold. Clients of that CA stay strangers: the usage of what is above holds for all below.
 */
export async function crossSign(request: CrossRequest): Promise<string> {
  const issuer = parseCertificate(request.ca.crt);
  const subject = parseCertificate(request.crt);
  const { keys, signature } = await signer(request.ca.key);
  const { publicKey } = subject;
  const crt = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: subject.subjectName,
    issuer: issuer.subjectName,
    ...within(subject, issuer),
    publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: signature,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return encodePem("CERTIFICATE", new Uint8Array(crt.rawData));
}
