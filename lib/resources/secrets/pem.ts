import { Buffer } from "node:buffer";

/** A certificate and its private key, PEM text. */
export interface CertificateAndKey {
  readonly crt: string;
  readonly key: string;
}

/** A private key, PEM text. */
export interface PrivateKey {
  readonly key: string;
}

/** PEM as YAML shows it: base64, as in the machine configuration. */
export function pairView({ crt, key }: CertificateAndKey): unknown {
  return { crt: base64(crt), key: base64(key) };
}

/** A key as YAML shows it. */
export function keyView({ key }: PrivateKey): unknown {
  return { key: base64(key) };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
