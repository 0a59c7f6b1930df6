import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { decodePem, encodePem, pemBlock } from "./pem.ts";

/** The kinds of keys that are made here; RSA serves `--rsa` and 0.8 configurations. */
export type KeyKind = "ed25519" | "ecdsa-p256" | "rsa-4096";

const KEY_LABELS = [
  "ED25519 PRIVATE KEY",
  "EC PRIVATE KEY",
  "RSA PRIVATE KEY",
  "PRIVATE KEY",
] as const;

/** How WebCrypto generates, and later signs with, each kind. */
const GENERATE = {
  "ed25519": { name: "Ed25519" },
  "ecdsa-p256": { name: "ECDSA", namedCurve: "P-256" },
  "rsa-4096": {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 4096,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
} as const;

/** A new private key of `kind` as PEM text, labelled as the contract has it. */
export async function createKey(kind: KeyKind): Promise<string> {
  const pair = await crypto.subtle.generateKey(GENERATE[kind], true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError(`Cannot create key: "${kind}" is not a pair`);
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
  return keyPem(privateKey(encodePem("PRIVATE KEY", new Uint8Array(pkcs8))));
}

/**
 * The private key in `pem`, whatever its label: `ED25519 PRIVATE KEY` (a PKCS #8 body under a name
 * that OpenSSL refuses), `EC PRIVATE KEY` with or without a parameters block, `RSA PRIVATE KEY`,
 * `PRIVATE KEY`. @throws {SyntaxError} when there is none.
 */
export function privateKey(pem: string): KeyObject {
  const { label, der } = pemBlock(pem, "private key", KEY_LABELS);
  const type = bodyType(label);
  try {
    return type === "sec1" && !namesCurve(der)
      ? createPrivateKey({ key: p256Pkcs8(der), format: "der", type: "pkcs8" })
      : createPrivateKey({ key: Buffer.from(der), format: "der", type });
  } catch (cause) {
    throw new SyntaxError(`Cannot read private key: the body of "${label}" is not a key`, {
      cause,
    });
  }
}

function bodyType(label: string): "sec1" | "pkcs1" | "pkcs8" {
  if (label === "EC PRIVATE KEY") return "sec1";
  return label === "RSA PRIVATE KEY" ? "pkcs1" : "pkcs8";
}

/** The first bytes of what names the curve inside a SEC 1 body: context tag 0 over an object identifier. */
const CURVE_NAME = Buffer.from([0xa0, 0x0a, 0x06, 0x08]);
/** PKCS #8 in front of a SEC 1 body: version 0, id-ecPublicKey on prime256v1. */
const P256_ALGORITHM = Buffer.from("020100301306072a8648ce3d020106082a8648ce3d030107", "hex");

/** RFC 5915 lets a writer leave the curve out where the context gives it; P-256 is the one we make. */
function namesCurve(sec1: Uint8Array): boolean {
  return sec1.length > 115 || Buffer.from(sec1).includes(CURVE_NAME);
}

function p256Pkcs8(sec1: Uint8Array): Buffer {
  const octets = Buffer.concat([Buffer.from([0x04, sec1.length]), sec1]);
  const body = Buffer.concat([P256_ALGORITHM, octets]);
  const length = body.length < 128 ? [body.length] : [0x81, body.length];
  return Buffer.concat([Buffer.from([0x30, ...length]), body]);
}

/** `key` as PEM text with the contract's label: Ed25519 keeps its PKCS #8 body, EC is real SEC 1. */
export function keyPem(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case "ed25519":
      return encodePem("ED25519 PRIVATE KEY", key.export({ format: "der", type: "pkcs8" }));
    case "ec":
      return encodePem("EC PRIVATE KEY", key.export({ format: "der", type: "sec1" }));
    case "rsa":
      return encodePem("RSA PRIVATE KEY", key.export({ format: "der", type: "pkcs1" }));
    default:
      throw new TypeError(`Cannot write private key: kind "${key.asymmetricKeyType}" is not ours`);
  }
}

/** `pem` with the label that node:tls, OpenSSL and BoringSSL read; other PEM blocks stay as they are. */
export function tlsKey(pem: string): string {
  return decodePem(pem).map(({ label, der }) =>
    encodePem(label === "ED25519 PRIVATE KEY" ? "PRIVATE KEY" : label, der)
  ).join("");
}

/** The SubjectPublicKeyInfo of a private key, DER. */
export function keySpki(pem: string): Uint8Array {
  return new Uint8Array(createPublicKey(privateKey(pem)).export({ format: "der", type: "spki" }));
}

/** The public half as PEM text (`PUBLIC KEY`), as Kubernetes wants the service account key. */
export function publicKeyPem(pem: string): string {
  return encodePem("PUBLIC KEY", keySpki(pem));
}
