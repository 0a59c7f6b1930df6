import { X509Certificate } from "node:crypto";

/** Object identifier 1.3.6.1.5.5.7.3.2, "TLS web client authentication", in DER. */
const CLIENT_AUTH = Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 3, 2);
/** Object identifier 2.5.29.37, the extension "extended key usage", in DER. */
const EXTENDED_KEY_USAGE = Uint8Array.of(0x55, 0x1d, 0x25);

const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
const CONSTRUCTED = 0x20;

/**
 * Why a client certificate (DER) does not let its owner in, or nothing when it does. The TLS layer
 * checks signature and dates too but says little about what failed; the key usage only we ask for.
 */
export function clientCertificateFault(
  der: Uint8Array,
  caPem: string,
  nowMs: number,
): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    return "client certificate: unreadable";
  }
  if (Date.parse(certificate.validTo) < nowMs) {
    return `client certificate: expired on ${certificate.validTo}`;
  }
  if (Date.parse(certificate.validFrom) > nowMs) {
    return `client certificate: not valid before ${certificate.validFrom}`;
  }
  if (!signedByAny(certificate, caPem)) return "client certificate: not signed by our CA";
  if (!isForClients(der)) return "client certificate: not for client authentication";
  return undefined;
}

/** True when the certificate (DER) names client authentication as an extended key usage. */
export function isForClients(der: Uint8Array): boolean {
  try {
    return walk(der, false);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function signedByAny(certificate: X509Certificate, caPem: string): boolean {
  const pems = caPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return pems.some((pem) => certificate.verify(new X509Certificate(pem).publicKey));
}

/** Looks through DER, depth first, for the usage inside the extension that lists usages. */
function walk(der: Uint8Array, inUsages: boolean): boolean {
  let afterName = false;
  for (const { tag, body } of elements(der)) {
    if (tag === OBJECT_IDENTIFIER) {
      if (inUsages && equal(body, CLIENT_AUTH)) return true;
      afterName = equal(body, EXTENDED_KEY_USAGE);
    } else if (tag === OCTET_STRING) {
      if (afterName && walk(body, true)) return true;
    } else if ((tag & CONSTRUCTED) !== 0 && walk(body, inUsages)) return true;
  }
  return false;
}

function* elements(der: Uint8Array): Generator<{ tag: number; body: Uint8Array }> {
  let at = 0;
  while (at < der.length) {
    const tag = byteAt(der, at++);
    let length = byteAt(der, at++);
    if (length > 0x80) {
      let bytes = length & 0x7f;
      for (length = 0; bytes > 0; bytes--) length = length * 256 + byteAt(der, at++);
    }
    if (at + length > der.length) throw new RangeError("Cannot read DER: an element is cut short");
    yield { tag, body: der.subarray(at, at + length) };
    at += length;
  }
}

function byteAt(der: Uint8Array, at: number): number {
  const byte = der[at];
  if (byte === undefined) throw new RangeError("Cannot read DER: it ends inside an element");
  return byte;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
