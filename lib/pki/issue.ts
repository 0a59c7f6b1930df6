import { type CsrInfo, keyRequest, readCsr } from "./csr.ts";
import { createKey, type KeyKind, keySpki } from "./key.ts";
import type { Sans, Subject } from "./names.ts";
import { encodePem, type PemPair } from "./pem.ts";
import { validity, within } from "./validity.ts";
import { signer } from "./_webcrypto.ts";
import { distinguishedName, parseCertificate, sanExtension, serialNumber, x509 } from "./_x509.ts";

/** What a certificate may be used for in TLS. */
export type Usage = "clientAuth" | "serverAuth";

/** What the issuer decides, whatever a request asks for. */
export interface Issuance {
  readonly ca: PemPair;
  readonly usages: readonly Usage[];
  readonly now: Date;
  readonly lifetimeMs: number;
}

/** A leaf with a key of its own. */
export interface LeafRequest extends Issuance {
  readonly kind: KeyKind;
  readonly subject?: Subject;
  readonly sans?: Sans;
}

/** Signs a request; `subject` and `sans`, when given, replace what it asks for. Gives a PEM certificate. */
export async function signCsr(
  request: Issuance & { readonly csr: string; readonly subject?: Subject; readonly sans?: Sans },
): Promise<string> {
  const asked = await readCsr(request.csr);
  return await sign(request, {
    subject: request.subject ?? asked.subject,
    sans: request.sans ?? asked.sans,
    spki: asked.spki,
  });
}

/** A new key and its certificate. */
export async function issueLeaf(request: LeafRequest): Promise<PemPair> {
  const key = await createKey(request.kind);
  const { subject = {}, sans = { ips: [], dns: [] } } = request;
  return { crt: await sign(request, keyRequest({ key, subject, sans })), key };
}

/**
 * A server leaf: ECDSA P-256, since clients built on BoringSSL refuse an Ed25519 one. It may act as
 * a client too, as apid does towards the other nodes.
 */
export function issueServerLeaf(request: Omit<LeafRequest, "kind" | "usages">): Promise<PemPair> {
  return issueLeaf({ ...request, kind: "ecdsa-p256", usages: ["serverAuth", "clientAuth"] });
}

/** A client leaf, Ed25519: what a talosconfig holds. */
export function issueClientLeaf(request: Omit<LeafRequest, "kind" | "usages">): Promise<PemPair> {
  return issueLeaf({ ...request, kind: "ed25519", usages: ["clientAuth"] });
}

/** A server certificate that its own key signed, ECDSA P-256: whoever calls knows it by its fingerprint. */
export async function selfSignedServer(
  request: Pick<LeafRequest, "subject" | "sans" | "now" | "lifetimeMs">,
): Promise<PemPair> {
  const { subject = {}, sans = { ips: [], dns: [] }, now, lifetimeMs } = request;
  const key = await createKey("ecdsa-p256");
  const { keys, signature } = await signer(key);
  const name = distinguishedName(subject);
  const crt = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name,
    ...validity(now, lifetimeMs),
    keys,
    signingAlgorithm: signature,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([EXTENDED.serverAuth]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...sanExtension(sans, name.length === 0),
    ],
  });
  return { crt: encodePem("CERTIFICATE", new Uint8Array(crt.rawData)), key };
}

async function sign(issuance: Issuance, leaf: CsrInfo): Promise<string> {
  const ca = parseCertificate(issuance.ca.crt, "CA certificate");
  checkCa(ca, issuance.ca.key);
  const { keys, signature } = await signer(issuance.ca.key);
  const publicKey = new x509.PublicKey(leaf.spki);
  const subject = distinguishedName(leaf.subject);
  const crt = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: ca.subjectName,
    ...within(validity(issuance.now, issuance.lifetimeMs), ca),
    publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: signature,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(keyUsage(publicKey), true),
      new x509.ExtendedKeyUsageExtension(issuance.usages.map((usage) => EXTENDED[usage])),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
      ...sanExtension(leaf.sans, subject.length === 0),
    ],
  });
  return encodePem("CERTIFICATE", new Uint8Array(crt.rawData));
}

const EXTENDED = {
  clientAuth: x509.ExtendedKeyUsage.clientAuth,
  serverAuth: x509.ExtendedKeyUsage.serverAuth,
} as const;

/** RSA keys may also be asked to unwrap a session key, others only to sign. */
function keyUsage(key: x509.PublicKey): x509.KeyUsageFlags {
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  return key.algorithm.name.startsWith("RSA")
    ? digitalSignature | keyEncipherment
    : digitalSignature;
}

function checkCa(ca: x509.X509Certificate, key: string): void {
  if (!ca.getExtension(x509.BasicConstraintsExtension)?.ca) {
    throw new TypeError(`Cannot sign with "${ca.subject}": its certificate is not a CA`);
  }
  const spki = keySpki(key);
  const known = new Uint8Array(ca.publicKey.rawData);
  if (spki.length !== known.length || spki.some((byte, i) => byte !== known[i])) {
    throw new TypeError(`Cannot sign with "${ca.subject}": the key does not belong to it`);
  }
}
