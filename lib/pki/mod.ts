/**
 * Keys and certificates of a cluster: self-signed CAs, signing requests, server and client leaves,
 * as PEM text in and out. Nothing here reads files or the clock.
 *
 * ```ts
 * import { createCa, hoursMs, issueServerLeaf, sans } from "$lib/pki/mod.ts";
 *
 * const now = new Date();
 * const ca = await createCa({ kind: "ed25519", subject: { organization: ["talos"] }, now });
 * const names = sans(["127.0.0.1", "node-a"]);
 * const server = await issueServerLeaf({ ca, sans: names, now, lifetimeMs: hoursMs(24) });
 * console.assert(server.crt.startsWith("-----BEGIN CERTIFICATE-----"));
 * ```
 *
 * @module
 */
export { CA_HOURS, type CaRequest, createCa, type CrossRequest, crossSign } from "./ca.ts";
export { createCsr, type CsrInfo, type CsrRequest, readCsr } from "./csr.ts";
export {
  certificateHash,
  type CertificateInfo,
  inspectCertificate,
  keyMatches,
  spkiFingerprint,
  splitCertificates,
} from "./inspect.ts";
export {
  type Issuance,
  issueClientLeaf,
  issueLeaf,
  issueServerLeaf,
  type LeafRequest,
  selfSignedServer,
  signCsr,
  type Usage,
} from "./issue.ts";
export {
  createKey,
  type KeyKind,
  keyPem,
  keySpki,
  privateKey,
  publicKeyPem,
  tlsKey,
} from "./key.ts";
export { covers, NO_SANS, type Sans, sans, type Subject } from "./names.ts";
export { decodePem, encodePem, type PemBlock, type PemPair } from "./pem.ts";
export {
  hoursMs,
  isInTerm,
  MAX_BACKDATE_MS,
  OutsideValidityError,
  type Term,
  termOf,
  type Validity,
  validity,
  within,
} from "./validity.ts";
export {
  type CertificateDemand,
  CertificateError,
  type CertificateFault,
  verifyCertificate,
} from "./verify.ts";
