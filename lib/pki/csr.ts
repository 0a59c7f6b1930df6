import { keySpki } from "./key.ts";
import { NO_SANS, type Sans, type Subject } from "./names.ts";
import { encodePem, pemBlock } from "./pem.ts";
import { checkPublicKey, signer } from "./_webcrypto.ts";
import { distinguishedName, sanExtension, sansOf, subjectOf, x509 } from "./_x509.ts";

const SAN_OID = "2.5.29.17";

/** What a certificate signing request asks for. */
export interface CsrRequest {
  /** The private key, PEM. */
  readonly key: string;
  readonly subject?: Subject;
  readonly sans?: Sans;
}

/** What a checked request asks for and which key it is about. */
export interface CsrInfo {
  readonly subject: Subject;
  readonly sans: Sans;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array<ArrayBuffer>;
}

/** A new signing request, PEM. */
export async function createCsr(request: CsrRequest): Promise<string> {
  const { keys, signature } = await signer(request.key);
  const name = distinguishedName(request.subject ?? {});
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: signature,
    extensions: sanExtension(request.sans ?? NO_SANS, name.length === 0),
  });
  return encodePem("CERTIFICATE REQUEST", new Uint8Array(csr.rawData));
}

/** Reads a request and checks that who made it holds the key. @throws {SyntaxError} when not. */
export async function readCsr(pem: string): Promise<CsrInfo> {
  const { der } = pemBlock(pem, "certificate request", ["CERTIFICATE REQUEST"]);
  const csr = parseCsr(der);
  const spki = new Uint8Array(csr.publicKey.rawData);
  checkPublicKey(spki);
  if (!(await csr.verify().catch(() => false))) {
    throw new SyntaxError("Cannot use certificate request: its signature does not fit its key");
  }
  return {
    subject: subjectOf(csr.subjectName),
    sans: sansOf(csr.getExtension(SAN_OID)),
    spki,
  };
}

function parseCsr(der: Uint8Array<ArrayBuffer>): x509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(der);
  } catch (cause) {
    throw new SyntaxError("Cannot read certificate request: the PEM body is not one", { cause });
  }
}

/** What a request for `key` would say, without making one: the issuer holds the key itself. */
export function keyRequest(request: CsrRequest): CsrInfo {
  return {
    subject: request.subject ?? {},
    sans: request.sans ?? NO_SANS,
    spki: new Uint8Array(keySpki(request.key)),
  };
}
