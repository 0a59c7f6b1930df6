/** The image of a container that a node installs itself from, and takes its next release from. */
import { join } from "node:path";
import { INSTALLER } from "$lib/image/mod.ts";
import { IMAGE_PREFIX } from "$lib/version/mod.ts";
import { bundle } from "../bundle.ts";
import { sha256 } from "../hash.ts";
import type { ImageManifest } from "../image.ts";
import { publicKeyOf, signWith } from "../keys.ts";
import { ROOT } from "../paths.ts";
import type { BuiltImage } from "../oci/build.ts";
import { ociImage } from "../oci/image.ts";
import { tarLayer } from "../oci/layer.ts";
import { OciLayout } from "../oci/layout.ts";
import { Tree } from "../tree.ts";
import { IMAGE_NAMES, verifyImage } from "../verify.ts";
import { type AssetOptions, bootArguments, readRelease, type Release } from "./release.ts";

/** Where a release lies in the image. */
const DIRECTORY = `${INSTALLER.directory}/amd64`;

/** What an installer is made of. */
export interface InstallerOptions extends AssetOptions {
  /** The key that the release was signed with, a PEM file. */
  readonly privateKey: string;
}

/** The name of a release's installer. */
export function installerName(version: string): string {
  return `${IMAGE_PREFIX}/installer:${version}`;
}

/**
 * Makes the installer of a built image, as an OCI image layout in the directory `output`.
 *
 * @throws {ManifestError} when the image is not whole, or another key has signed it
 */
export async function buildInstaller(options: InstallerOptions): Promise<BuiltImage> {
  const { image, privateKey, say } = options;
  say("checking the image");
  await verifyImage(image, await publicKeyOf(privateKey), () => {});
  return await packInstaller(await readRelease(options), options);
}

/** Packs and signs the installer of a release. */
export async function packInstaller(
  release: Release,
  { output, privateKey, extraArguments, say }: Pick<
    InstallerOptions,
    "output" | "privateKey" | "extraArguments" | "say"
  >,
): Promise<BuiltImage> {
  const { manifest } = release;
  say("boot program");
  const files = {
    [IMAGE_NAMES.vmlinuz]: release.vmlinuz,
    [IMAGE_NAMES.initramfs]: release.initramfs,
    [INSTALLER.bootProgram]: release.program(bootArguments(extraArguments)),
    [INSTALLER.bootloader]: release.bootloader,
    [INSTALLER.program]: await bundleInstaller(manifest),
  };
  const signed = new TextEncoder().encode(installerManifest(manifest, files));
  say("layer");
  const work = await Deno.makeTempDir({ prefix: "mkimage-installer-" });
  try {
    const tree = new Tree(work);
    for (const [name, content] of Object.entries(files)) {
      const directory = name === INSTALLER.program ? INSTALLER.directory : DIRECTORY;
      await tree.write(`${directory}/${name}`, content);
    }
    await tree.write(`${DIRECTORY}/${IMAGE_NAMES.manifest}`, signed);
    await tree.write(
      `${DIRECTORY}/${IMAGE_NAMES.signature}`,
      await signWith(privateKey, signed),
    );
    await tree.write("/usr/share/doc/systemd-boot-efi/copyright", release.bootloaderLicence);
    const layer = await tarLayer(tree);
    await Deno.remove(output, { recursive: true }).catch(ignoreAbsent);
    const layout = new OciLayout(output);
    const name = installerName(manifest.version);
    await layout.put(
      name,
      ociImage(layer, { entrypoint: [`${INSTALLER.directory}/${INSTALLER.program}`] }),
    );
    return { name, layout, manifest: (await layout.find(name))!, sizeBytes: layer.length };
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** The program that puts the release on a disk, as one file. */
async function bundleInstaller(manifest: ImageManifest): Promise<Uint8Array<ArrayBuffer>> {
  const { version: tag, sha, built } = manifest;
  const output = await Deno.makeTempFile({ prefix: "mkimage-installer-", suffix: ".js" });
  try {
    await bundle(join(ROOT, "cmd", "installer", "main.ts"), output, { tag, sha, built });
    return await Deno.readFile(output);
  } finally {
    await Deno.remove(output);
  }
}

/** The manifest of the release with the installer's own files as its parts. */
export function installerManifest(
  manifest: ImageManifest,
  files: Readonly<Record<string, Uint8Array>>,
): string {
  const parts = Object.entries(files).map(([name, content]) => ({
    ...{ name, sizeBytes: content.length, sha256: sha256(content) },
  }));
  return JSON.stringify({ ...manifest, parts }, null, 2) + "\n";
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** Where the installer of the image in a directory is kept. */
export function installerLayout(image: string): string {
  return join(image, "installer");
}
