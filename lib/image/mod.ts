/**
 * The signed manifest of an image: what its parts are and the dm-verity root hash that stands for
 * every byte of the root filesystem.
 *
 * The signature covers the exact bytes of `manifest.json`. At boot only this signature and the verity
 * tree are checked: hashing the whole file would cost a second and dm-verity checks each block anyway.
 *
 * @module
 */
export { INSTALLER } from "./installer.ts";
export { PXE_SCRIPT } from "./pxe.ts";

/** One file of an image. */
export interface Part {
  readonly name: string;
  readonly sizeBytes: number;
  /** SHA-256, lower-case hex. */
  readonly sha256: string;
}

/** What dm-verity needs to open the root filesystem; the hash tree follows the data in the same file. */
export interface Verity {
  /** Root hash, lower-case hex. */
  readonly rootHash: string;
  /** Salt, lower-case hex. */
  readonly salt: string;
  readonly blockSizeBytes: number;
  /** Blocks of data; the verity superblock is the next block and the tree follows it. */
  readonly dataBlocks: number;
}

/** `manifest.json`. */
export interface Manifest {
  /** Version of this format. */
  readonly schema: 1;
  /** Release tag, e.g. `v0.1.0`. */
  readonly version: string;
  /** `portable` (runtime and bundle) or `compiled`. */
  readonly layout: "portable" | "compiled";
  /** Kernel release, as `uname -r` prints it. */
  readonly kernel: string;
  readonly verity: Verity;
  readonly parts: readonly Part[];
  /** Versions of what went in, by package name. */
  readonly packages: Readonly<Record<string, string>>;
}

/** A manifest or its signature is not what it should be. */
export class ManifestError extends Error {
  override name = "ManifestError";
}

/**
 * Checks the signature over `bytes` and reads the manifest.
 *
 * @param key PEM of the Ed25519 public key
 * @throws {ManifestError} when the signature does not fit, or a field is missing or of the wrong shape
 */
export async function verifyManifest(
  bytes: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  key: string,
): Promise<Manifest> {
  const publicKey = await importKey(key);
  if (signature.length !== 64) {
    throw new ManifestError(
      `Cannot trust manifest.json: its signature has ${signature.length} bytes instead of 64`,
    );
  }
  if (!await crypto.subtle.verify("Ed25519", publicKey, signature, bytes)) {
    throw new ManifestError(
      "Cannot trust manifest.json: its signature is not of this image's signing key",
    );
  }
  return parseManifest(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

async function importKey(pem: string): Promise<CryptoKey> {
  const body = /-----BEGIN PUBLIC KEY-----([\s\S]+?)-----END PUBLIC KEY-----/.exec(pem)?.[1];
  if (!body) throw new ManifestError("Cannot read the signing key: it is not a PEM public key");
  try {
    const der = Uint8Array.from(atob(body.replace(/\s/g, "")), (c) => c.charCodeAt(0));
    return await crypto.subtle.importKey("spki", der, "Ed25519", true, ["verify"]);
  } catch (cause) {
    throw new ManifestError("Cannot read the signing key: it is not an Ed25519 key", { cause });
  }
}

/**
 * Reads a manifest without checking a signature.
 *
 * @throws {ManifestError} naming the field that is missing or of the wrong shape
 */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ManifestError("Cannot read manifest.json: it is not JSON", { cause });
  }
  const manifest = value as Manifest;
  need(typeof value === "object" && value !== null, "manifest", "an object");
  need(manifest.schema === 1, "schema", "1");
  need(typeof manifest.version === "string", "version", "a string");
  need(typeof manifest.kernel === "string", "kernel", "a string");
  need(manifest.layout === "portable" || manifest.layout === "compiled", "layout", "a layout");
  const verity: Partial<Verity> = manifest.verity ?? {};
  need(/^[0-9a-f]{64}$/.test(verity.rootHash ?? ""), "verity.rootHash", "64 hex digits");
  need(/^([0-9a-f]{2})*$/.test(verity.salt ?? "x"), "verity.salt", "hex digits");
  need(verity.blockSizeBytes === 4096, "verity.blockSizeBytes", "4096");
  need(Number.isSafeInteger(verity.dataBlocks), "verity.dataBlocks", "a whole number");
  need(Array.isArray(manifest.parts), "parts", "a list");
  return manifest;
}

function need(ok: boolean, field: string, what: string): void {
  if (!ok) throw new ManifestError(`Cannot read manifest.json: "${field}" is not ${what}`);
}

/** The part called `name`. @throws {ManifestError} when the manifest does not list it */
export function findPart(manifest: Manifest, name: string): Part {
  const part = manifest.parts.find((candidate) => candidate.name === name);
  if (!part) throw new ManifestError(`Cannot find "${name}": manifest.json does not list it`);
  return part;
}
