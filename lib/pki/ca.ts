import { createKey, type KeyKind } from "./key.ts";
import type { Subject } from "./names.ts";
import { encodePem, type PemPair } from "./pem.ts";
import { hoursMs, validity } from "./validity.ts";
import { signer } from "./_webcrypto.ts";
import { distinguishedName, serialNumber, x509 } from "./_x509.ts";

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
