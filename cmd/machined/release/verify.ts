/** Whether the release in an installer image may be put on this machine's disk. */
import { createHash } from "node:crypto";
import { join } from "node:path/posix";
import { openMedium } from "$lib/disk/mod.ts";
import {
  HEAD_BYTES,
  type SignatureDatabase,
  signaturesIn,
  signersIn,
  startFault,
} from "$lib/efi/mod.ts";
import {
  findPart,
  INSTALLER,
  type Manifest,
  ManifestError,
  type Part,
  verifyManifest,
} from "$lib/image/mod.ts";

/** Files without which nothing can be installed; the program has the disk in its hands. */
const NEEDED = [INSTALLER.program, INSTALLER.bootProgram, INSTALLER.bootloader] as const;
/** What firmware has to start of it. */
const STARTED = [INSTALLER.bootProgram, INSTALLER.bootloader] as const;
/** No program has more signatures, bytes. */
const SIGNATURES_BYTES = 1 << 20;
/** No manifest is larger, bytes. */
const MANIFEST_BYTES = 4 << 20;

/** What a release is held against. */
export interface Expectation {
  /** PEM of the key that releases of this machine are signed with. */
  readonly key: string;
  readonly architecture: string;
  /** Whom firmware lets start this machine; undefined when that is anybody, or not known. */
  readonly firmware?: SignatureDatabase | undefined;
}

/**
 * Checks that the image whose files are below `root` holds a release for this machine, that it is
 * signed with the machine's key, and that every file is the one that was signed.
 *
 * @throws {Error} one sentence that says what is wrong
 */
export async function verifyRelease(
  root: string,
  { key, architecture, firmware }: Expectation,
): Promise<Manifest> {
  const install = join(root, INSTALLER.directory);
  const directory = join(install, architecture);
  const read = (name: string) => readSmall(directory, name);
  const bytes = await read("manifest.json");
  if (!bytes) throw new Error(await absence(install, architecture));
  const signature = await read("manifest.json.sig");
  if (!signature) throw new Error("its release is not signed: manifest.json.sig is missing");
  const manifest = await trusted(bytes, signature, key);
  const built = (manifest as { arch?: unknown }).arch;
  if (built !== architecture) {
    throw new Error(`its release is for ${String(built)}, this machine is ${architecture}`);
  }
  for (const name of NEEDED) findPart(manifest, name);
  for (const part of manifest.parts) {
    const home = part.name === INSTALLER.program ? install : directory;
    await checkPart(home, part, NEEDED.some((name) => name === part.name));
  }
  if (firmware) {
    for (const name of STARTED) await checkSigners(directory, name, firmware);
  }
  return manifest;
}

/** Which slot is booted after one that firmware refuses to start, if any, is up to the firmware. */
async function checkSigners(
  directory: string,
  name: string,
  firmware: SignatureDatabase,
): Promise<void> {
  await using file = await openMedium(join(directory, name));
  const head = await file.read(0, Math.min(HEAD_BYTES, file.sizeBytes));
  const { offset, length } = signaturesIn(head);
  if (length > SIGNATURES_BYTES) {
    throw new Error(`the signatures of its ${name} have ${length} bytes, far too many`);
  }
  const fault = startFault(signersIn(await file.read(offset, length)), firmware);
  if (fault === undefined) return;
  throw new Error(
    `its ${name} cannot be started with Secure Boot: ${fault}; make an installer with such a key ` +
      "by mkimage installer --secure-boot-key --secure-boot-cert",
  );
}

async function trusted(
  bytes: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  key: string,
): Promise<Manifest> {
  try {
    return await verifyManifest(bytes, signature, key);
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    throw new Error(
      `its release is not trusted: ${cause.message}; this machine takes releases that are signed ` +
        `with the key of ${await fingerprint(key)}`,
      { cause },
    );
  }
}

/** Names a key: the SHA-256 of its DER form. */
async function fingerprint(pem: string): Promise<string> {
  const body = pem.replace(/-----[A-Z ]+-----|\s/g, "");
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.fromBase64(body));
  return `SHA-256 ${new Uint8Array(digest).toHex()}`;
}

async function checkPart(directory: string, part: Part, needed: boolean): Promise<void> {
  const { name, sizeBytes, sha256 } = part;
  if (!/^[\w.-]+$/.test(name)) throw new Error(`its manifest names a file "${name}"`);
  const path = join(directory, name);
  if (!await isFile(path)) {
    // The manifest tells of what is inside other files, too.
    if (!needed) return;
    throw new Error(`its release is not whole: ${name} is missing`);
  }
  using file = await Deno.open(path);
  const { size } = await file.stat();
  if (size !== sizeBytes) {
    throw new Error(`its release is corrupt: ${name} has ${size} bytes instead of ${sizeBytes}`);
  }
  const hash = createHash("sha256");
  for await (const chunk of file.readable) hash.update(chunk);
  if (hash.digest("hex") !== sha256) {
    throw new Error(`its release is corrupt: ${name} has another SHA-256 than the signed one`);
  }
}

async function absence(install: string, architecture: string): Promise<string> {
  const others: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(install)) {
      if (isDirectory) others.push(name);
    }
  } catch {
    return `it is no installer: it has no ${INSTALLER.directory}`;
  }
  return others.length === 0
    ? `it is no installer: it has no release in ${INSTALLER.directory}`
    : `its release is for ${others.sort().join(", ")}, this machine is ${architecture}`;
}

async function readSmall(
  directory: string,
  name: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const path = join(directory, name);
  if (!await isFile(path)) return undefined;
  const { size } = await Deno.stat(path);
  if (size > MANIFEST_BYTES) throw new Error(`its ${name} has ${size} bytes, far too many`);
  return await Deno.readFile(path);
}

/** A link would be another file for the container than for who checks it here. */
async function isFile(path: string): Promise<boolean> {
  const info = await Deno.lstat(path).catch(() => undefined);
  return info?.isFile === true && await Deno.realPath(path) === path;
}
