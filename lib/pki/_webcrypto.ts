import { Buffer } from "node:buffer";
import type { KeyObject } from "node:crypto";
import { createPublicKey } from "node:crypto";
import { privateKey } from "./key.ts";

/** How WebCrypto imports a key and signs certificates with it. */
interface Algorithms {
  readonly key: { name: string; namedCurve?: string; hash?: string };
  readonly signature: { name: string; hash: string } | { name: string };
}

const P256 = { namedCurve: "P-256", hash: "SHA-256" };
const P384 = { namedCurve: "P-384", hash: "SHA-384" };
/** By OpenSSL's names, and by those that older runtimes answer with. */
const CURVES: Record<string, { namedCurve: string; hash: string }> = {
  prime256v1: P256,
  p256: P256,
  secp384r1: P384,
  p384: P384,
};

function algorithms(key: KeyObject): Algorithms {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return { key: { name: "Ed25519" }, signature: { name: "Ed25519" } };
    case "rsa": {
      const name = "RSASSA-PKCS1-v1_5";
      if ((details?.modulusLength ?? 0) < 2048) {
        throw new RangeError(
          `Cannot use key: RSA with ${details?.modulusLength} bits is under 2048`,
        );
      }
      return { key: { name, hash: "SHA-256" }, signature: { name, hash: "SHA-256" } };
    }
    case "ec": {
      const curve = CURVES[details?.namedCurve ?? ""];
      if (!curve) {
        throw new RangeError(`Cannot use key: curve "${details?.namedCurve}" is not supported`);
      }
      return {
        key: { name: "ECDSA", namedCurve: curve.namedCurve },
        signature: { name: "ECDSA", hash: curve.hash },
      };
    }
    default:
      throw new RangeError(`Cannot use key: kind "${key.asymmetricKeyType}" is not supported`);
  }
}

/** A key pair that WebCrypto signs with, and the algorithm to name when signing. */
export interface Signer {
  readonly keys: CryptoKeyPair;
  readonly signature: Algorithms["signature"];
}

/** The signer behind a PEM private key. @throws {RangeError} on a weak or unknown kind of key. */
export async function signer(pem: string): Promise<Signer> {
  const key = privateKey(pem);
  const use = algorithms(key);
  const pkcs8 = new Uint8Array(key.export({ format: "der", type: "pkcs8" }));
  const spki = new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }));
  const { subtle } = crypto;
  return {
    keys: {
      privateKey: await subtle.importKey("pkcs8", pkcs8, use.key, false, ["sign"]),
      publicKey: await subtle.importKey("spki", spki, use.key, true, ["verify"]),
    },
    signature: use.signature,
  };
}

/** Refuses a public key (SPKI, DER) that no certificate should be issued for. */
export function checkPublicKey(spki: Uint8Array<ArrayBuffer>): void {
  algorithms(createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }));
}
