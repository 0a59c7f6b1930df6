/**
 * Installers of releases that are signed and whole and, most of them, do not come up. Each is the built
 * image with little changed: an archive behind the initramfs replaces files of it, nothing is built anew.
 */
import { join } from "node:path";
import { NODE_FILES } from "$lib/role/mod.ts";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import type { SecureBootKey } from "../../mkimage/assets/authenticode.ts";
import { packInstaller } from "../../mkimage/assets/installer.ts";
import { readRelease, type Release } from "../../mkimage/assets/release.ts";
import { bundle } from "../../mkimage/bundle.ts";
import { cpioArchive, type CpioEntry, readCpio } from "../../mkimage/cpio.ts";
import { partOf } from "../../mkimage/hash.ts";
import { appendVerity, type ImageManifest } from "../../mkimage/image.ts";
import { developmentKeys, signWith } from "../../mkimage/keys.ts";
import { parseLock } from "../../mkimage/lock.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { CACHE, KEY_DIR, LOCK_FILE, ROOT } from "../../mkimage/paths.ts";
import { makeSquashfs } from "../../mkimage/squashfs.ts";
import { concat } from "../../mkimage/verity.ts";
import type { Fault } from "./faults/early.ts";
import { DIST } from "./node.ts";

/** What a release can have wrong. */
export type Broken = Fault | "panic" | "emptyRootfs";

type Bytes = Uint8Array<ArrayBuffer>;

/** Makes the installer of a broken release in the directory `output`. */
export async function brokenInstaller(
  broken: Broken,
  tag: string,
  output: string,
): Promise<BuiltImage> {
  const release = await renamed(tag);
  return await pack(release, await brokenInitramfs(broken, release), output);
}

/**
 * Makes the installer of the built image under another tag, in the directory `output`, signed for
 * firmware that knows the key.
 */
export async function renamedInstaller(
  tag: string,
  output: string,
  secureBoot?: SecureBootKey,
): Promise<BuiltImage> {
  const release = await renamed(tag, secureBoot);
  return await pack(release, release.initramfs, output);
}

async function renamed(version: string, secureBoot?: SecureBootKey): Promise<Release> {
  const lock = parseLock(await Deno.readTextFile(LOCK_FILE));
  const release = await readRelease({ image: DIST, cache: CACHE, lock, secureBoot, say: () => {} });
  return { ...release, manifest: { ...release.manifest, version } };
}

async function pack(release: Release, initramfs: Bytes, output: string): Promise<BuiltImage> {
  return await packInstaller({
    ...release,
    // The machine boots the program; the part for network boots would only make the image larger.
    initramfs: new Uint8Array(512),
    program: (kernelArguments) => release.program(kernelArguments, initramfs),
  }, { output, privateKey: await privateKey(), extraArguments: EMULATED_ARGUMENTS, say: () => {} });
}

async function brokenInitramfs(broken: Broken, { initramfs, manifest }: Release): Promise<Bytes> {
  switch (broken) {
    case "panic":
      // Nothing to go on with.
      return new Uint8Array(512);
    case "emptyRootfs":
      return withFiles(withoutRootfs(initramfs), await emptyImage(manifest));
    case "earlySpin":
      return withFiles(withoutRootfs(initramfs), await earlyStage(broken, manifest));
    case "blockedLoop":
    case "noContainerd":
      return withFiles(initramfs, await earlyStage(broken, manifest));
  }
}

/** The root filesystem is an archive of its own in front of the others. */
function withoutRootfs(initramfs: Bytes): Bytes {
  const entries = readCpio(initramfs);
  for (;;) {
    const { done, value } = entries.next();
    if (done) return initramfs.subarray(value);
  }
}

/** The kernel unpacks archives in turn: what comes later replaces what was there. */
function withFiles(initramfs: Bytes, files: Readonly<Record<string, Bytes>>): Bytes {
  const entries = Object.entries(files).map(([path, content]): CpioEntry => ({
    ...{ type: "file", path, mode: 0o444, content },
  }));
  const aligned = new Uint8Array((4 - initramfs.length % 4) % 4);
  return concat([initramfs, aligned, ...cpioArchive(entries, 0)]);
}

/** The early stage that does what `fault` says, in the place of the ordinary one. */
async function earlyStage(fault: Fault, manifest: ImageManifest): Promise<Record<string, Bytes>> {
  const { version: tag, sha, built } = manifest;
  const output = await Deno.makeTempFile({ prefix: "early-stage-", suffix: ".js" });
  try {
    await bundle(join(ROOT, "tests/boot/faults/early.ts"), output, { tag, sha, built });
    return {
      [NODE_FILES.bundle.replace("node.js", "init.js")]: await Deno.readFile(output),
      "/fault": new TextEncoder().encode(fault),
    };
  } finally {
    await Deno.remove(output);
  }
}

/** A root filesystem without a file in it, and the signed manifest that vouches for it. */
async function emptyImage(manifest: ImageManifest): Promise<Record<string, Bytes>> {
  const work = await Deno.makeTempDir({ prefix: "empty-image-" });
  try {
    const [tree, rootfs] = [join(work, "tree"), join(work, "rootfs.sqsh")];
    await Deno.mkdir(tree);
    await makeSquashfs(tree, rootfs, 0);
    const verity = await appendVerity(rootfs);
    const parts = [await partOf("rootfs.sqsh", rootfs)];
    const signed = new TextEncoder().encode(JSON.stringify({ ...manifest, verity, parts }));
    return {
      "/rootfs.sqsh": await Deno.readFile(rootfs),
      "/image/manifest.json": signed,
      "/image/manifest.json.sig": await signWith(await privateKey(), signed),
    };
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function privateKey(): Promise<string> {
  return (await developmentKeys(KEY_DIR)).privateKey;
}
