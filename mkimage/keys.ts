import { createPublicKey } from "node:crypto";
import { join } from "node:path";

/** Where a signing key pair lies: PEM, the private one readable by its owner only. */
export interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** The file names of a key pair in `directory`. */
export function keyFiles(directory: string): KeyFiles {
  return {
    privateKey: join(directory, "signing.key"),
    publicKey: join(directory, "signing.pub"),
  };
}

/**
 * Makes an Ed25519 key pair in `directory`.
 * @throws {Deno.errors.AlreadyExists} when there is a private key already: keys are never overwritten.
 */
export async function makeKeys(directory: string): Promise<KeyFiles> {
  const files = keyFiles(directory);
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const pair = await crypto.subtle.generateKey("Ed25519", true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const privateDer = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
  const publicDer = await crypto.subtle.exportKey("spki", pair.publicKey);
  await writeNew(files.privateKey, pem("PRIVATE KEY", privateDer), 0o600);
  await Deno.writeTextFile(files.publicKey, pem("PUBLIC KEY", publicDer), { mode: 0o644 });
  return files;
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    await Deno.writeTextFile(path, text, { createNew: true, mode });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
    throw new Deno.errors.AlreadyExists(`Cannot make a key: "${path}" is there already`, { cause });
  }
}

/** The key pair in `directory`; made on first use. */
export async function developmentKeys(directory: string): Promise<KeyFiles> {
  try {
    return await makeKeys(directory);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return keyFiles(directory);
    throw error;
  }
}

/** The public half of the private key in a PEM file, as PEM. */
export async function publicKeyOf(path: string): Promise<string> {
  const key = createPublicKey(await Deno.readTextFile(path));
  return key.export({ type: "spki", format: "pem" }).toString();
}

/** Signs bytes with the private key in a PEM file: 64 raw bytes. @throws {Error} when the key is open to others. */
export async function signWith(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { mode } = await Deno.stat(path);
  if (((mode ?? 0) & 0o077) !== 0) {
    throw new Error(`Cannot sign with "${path}": others may read it; run: chmod 600 "${path}"`);
  }
  const key = await crypto.subtle.importKey(
    "pkcs8",
    unpem("PRIVATE KEY", await Deno.readTextFile(path)),
    "Ed25519",
    false,
    ["sign"],
  );
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, bytes));
}

function pem(label: string, der: ArrayBuffer): string {
  const base64 = btoa(String.fromCharCode(...new Uint8Array(der)));
  const lines = base64.match(/.{1,64}/g)?.join("\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function unpem(label: string, text: string): Uint8Array<ArrayBuffer> {
  const body = new RegExp(`-----BEGIN ${label}-----([\\s\\S]+?)-----END ${label}-----`).exec(text);
  if (!body?.[1]) throw new SyntaxError(`Cannot read key: there is no ${label} in it`);
  return Uint8Array.from(atob(body[1].replace(/\s/g, "")), (char) => char.charCodeAt(0));
}
