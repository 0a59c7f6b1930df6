import { join } from "node:path";
import {
  findPart,
  ManifestError,
  parseManifest,
  type Part,
  verifyManifest,
} from "$lib/image/mod.ts";
import { type CpioEntry, readCpio } from "./cpio.ts";
import { hashFile, sha256 } from "./hash.ts";
import type { ImageManifest } from "./image.ts";
import { layoutHash } from "./layout.ts";
import { BLOCK_BYTES, verityTree } from "./verity.ts";
import { unzstd } from "./zstd.ts";

/** The names under which an image lies in a directory. */
export const IMAGE_NAMES = {
  rootfs: "rootfs.sqsh",
  vmlinuz: "vmlinuz-amd64",
  initramfs: "initramfs-amd64.xz",
  manifest: "manifest.json",
  signature: "manifest.json.sig",
  publicKey: "signing.pub",
} as const;

/**
 * Checks a built image offline: the signature, sizes and hashes of every part, the verity tree over
 * every block, and the initramfs file by file. Each check that holds is told to `say`.
 *
 * @param key PEM of the public key to trust; the one beside the image only proves that it is whole
 * @throws {ManifestError} naming the part that is not what the manifest says
 */
export async function verifyImage(
  directory: string,
  key: string | undefined,
  say: (line: string) => void,
): Promise<ImageManifest> {
  const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    try {
      return await Deno.readFile(join(directory, name));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new ManifestError(
        `Cannot verify "${directory}": it has no ${name}; "deno task image" builds an image`,
      );
    }
  };
  const bytes = await read(IMAGE_NAMES.manifest);
  const signature = await read(IMAGE_NAMES.signature);
  const publicKey = key ?? await Deno.readTextFile(join(directory, IMAGE_NAMES.publicKey));
  await verifyManifest(bytes, signature, publicKey);
  const manifest = parseManifest(new TextDecoder().decode(bytes)) as ImageManifest;
  say("signature of manifest.json");
  for (const name of [IMAGE_NAMES.rootfs, IMAGE_NAMES.vmlinuz]) {
    same(findPart(manifest, name), await hashFile(join(directory, name)));
    say(`size and hash of ${name}`);
  }
  checkVerity(manifest, await read(IMAGE_NAMES.rootfs));
  say(`verity tree of ${IMAGE_NAMES.rootfs}`);
  const entries = await openInitramfs(await read(IMAGE_NAMES.initramfs));
  checkInitramfs(manifest, entries, { bytes, signature, publicKey });
  say(`${manifest.initramfs.length} files of ${IMAGE_NAMES.initramfs}`);
  return manifest;
}

function same(part: Part, found: { sizeBytes: number; sha256: string }): void {
  if (found.sizeBytes !== part.sizeBytes) {
    throw new ManifestError(
      `Cannot trust ${part.name}: it has ${found.sizeBytes} bytes instead of ${part.sizeBytes}`,
    );
  }
  if (found.sha256 !== part.sha256) {
    throw new ManifestError(
      `Cannot trust ${part.name}: its SHA-256 is ${found.sha256} instead of ${part.sha256}`,
    );
  }
}

function checkVerity(manifest: ImageManifest, image: Uint8Array): void {
  const { dataBlocks, salt, rootHash } = manifest.verity;
  const data = image.subarray(0, dataBlocks * BLOCK_BYTES);
  const uuidHex = sha256(salt).slice(0, 32);
  const tree = verityTree(data, { saltHex: salt, uuidHex });
  if (tree.verity.rootHash !== rootHash) {
    throw new ManifestError(
      `Cannot trust rootfs.sqsh: its root hash is ${tree.verity.rootHash} instead of ${rootHash}`,
    );
  }
  if (sha256(image.subarray(data.length)) !== sha256(tree.appendix)) {
    throw new ManifestError("Cannot trust rootfs.sqsh: its hash tree is not that of its data");
  }
}

/** The entries of an initramfs: an uncompressed archive and, behind it, zstd frames with more. */
export async function openInitramfs(bytes: Uint8Array<ArrayBuffer>): Promise<CpioEntry[]> {
  const first = readArchive(bytes);
  const rest = await unzstd(bytes.subarray(first.end));
  const entries = [...first.entries];
  for (let at = 0; at < rest.length;) {
    const next = readArchive(rest.subarray(at));
    entries.push(...next.entries);
    at += next.end;
  }
  return entries;
}

function readArchive(bytes: Uint8Array<ArrayBuffer>): { entries: CpioEntry[]; end: number } {
  const entries: CpioEntry[] = [];
  const reader = readCpio(bytes);
  for (;;) {
    const { done, value } = reader.next();
    if (done) return { entries, end: value };
    entries.push(value);
  }
}

function checkInitramfs(
  manifest: ImageManifest,
  entries: readonly CpioEntry[],
  signed: { bytes: Uint8Array; signature: Uint8Array; publicKey: string },
): void {
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) if (entry.type === "file") files.set(entry.path, entry.content);
  const expected: Part[] = [
    ...manifest.initramfs,
    { ...findPart(manifest, IMAGE_NAMES.rootfs), name: "/rootfs.sqsh" },
    part("/image/manifest.json", signed.bytes),
    part("/image/manifest.json.sig", signed.signature),
    part("/image/signing.pub", new TextEncoder().encode(signed.publicKey)),
  ];
  for (const wanted of expected) {
    const content = files.get(wanted.name);
    if (!content) throw new ManifestError(`Cannot trust the initramfs: it has no ${wanted.name}`);
    same({ ...wanted, name: `initramfs${wanted.name}` }, part(wanted.name, content));
    files.delete(wanted.name);
  }
  const [extra] = files.keys();
  if (extra) throw new ManifestError(`Cannot trust the initramfs: nobody signed ${extra}`);
  if (layoutHash(entries) !== manifest.initramfsLayout) {
    throw new ManifestError(
      "Cannot trust the initramfs: a link, a mode or a directory was changed",
    );
  }
}

function part(name: string, bytes: Uint8Array): Part {
  return { name, sizeBytes: bytes.length, sha256: sha256(bytes) };
}
