/** A built release, and what machines with UEFI start it with. */
import { join } from "node:path";
import { defaultArguments } from "$lib/cmdline/mod.ts";
import type { ImageManifest } from "../image.ts";
import { fetchDebian, finder } from "../inputs.ts";
import type { Lock } from "../lock.ts";
import { BOOT_PACKAGES } from "../packages.ts";
import { IMAGE_NAMES } from "../verify.ts";
import { type SecureBootKey, signProgram } from "./authenticode.ts";
import { makeUki } from "./uki.ts";

/** What an asset is made of. */
export interface AssetOptions {
  /** The directory of the built image. */
  readonly image: string;
  /** The file or directory to write. */
  readonly output: string;
  /** Kernel arguments beside the usual ones. */
  readonly extraArguments: readonly string[];
  readonly lock: Lock;
  readonly cache: string;
  readonly say: (line: string) => void;
  /** What signs all that firmware starts; without it machines with Secure Boot start nothing of it. */
  readonly secureBoot?: SecureBootKey | undefined;
}

/** A release to be booted. */
export interface Release {
  readonly manifest: ImageManifest;
  /** The bytes of the manifest: what in an asset follows from the release follows from these. */
  readonly manifestText: string;
  readonly vmlinuz: Uint8Array<ArrayBuffer>;
  readonly initramfs: Uint8Array<ArrayBuffer>;
  /** systemd-boot. */
  readonly bootloader: Uint8Array<ArrayBuffer>;
  readonly bootloaderLicence: Uint8Array<ArrayBuffer>;
  /** Kernel, initramfs (the release's own unless told) and these arguments as one program. */
  program(
    kernelArguments: readonly string[],
    initramfs?: Uint8Array<ArrayBuffer>,
  ): Uint8Array<ArrayBuffer>;
}

/** Arguments of a machine that boots by itself, with more behind them. */
export function bootArguments(extra: readonly string[] = []): string[] {
  return [...defaultArguments({ platform: "metal", consoles: ["tty0", "ttyS0"] }), ...extra];
}

/** Reads a built image, and fetches the boot loader. @throws {Error} when there is no image */
export async function readRelease(
  { image, lock, cache, say, secureBoot }: Pick<
    AssetOptions,
    "image" | "lock" | "cache" | "say" | "secureBoot"
  >,
): Promise<Release> {
  const manifestText = await readManifest(image);
  const manifest: ImageManifest = JSON.parse(manifestText);
  const part = (name: string) => Deno.readFile(join(image, name));
  const [vmlinuz, initramfs] = [await part(IMAGE_NAMES.vmlinuz), await part(IMAGE_NAMES.initramfs)];
  say("boot loader");
  const work = await Deno.makeTempDir({ prefix: "mkimage-boot-" });
  try {
    const packages = await fetchDebian(
      BOOT_PACKAGES,
      lock,
      cache,
      work,
      (line) => say(`  ${line}`),
    );
    const { directory } = finder(packages)("systemd-boot-efi");
    const file = (path: string) => Deno.readFile(join(directory, path));
    const efi = "usr/lib/systemd/boot/efi";
    const stub = await file(`${efi}/linuxx64.efi.stub`);
    const text = (content: string) => new TextEncoder().encode(content);
    const signed = (program: Uint8Array<ArrayBuffer>) =>
      secureBoot ? signProgram(program, secureBoot) : program;
    return {
      ...{ manifest, manifestText, vmlinuz, initramfs },
      bootloader: signed(await file(`${efi}/systemd-bootx64.efi`)),
      bootloaderLicence: await file("usr/share/doc/systemd-boot-efi/copyright"),
      program: (kernelArguments, content = initramfs) =>
        signed(makeUki(stub, [
          { name: ".osrel", content: text(`ID=talos\nVERSION_ID=${manifest.version}\n`) },
          { name: ".cmdline", content: text(kernelArguments.join(" ")) },
          { name: ".linux", content: vmlinuz },
          { name: ".initrd", content },
        ])),
    };
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** When the release was made, seconds since 1970: the time of all files of an asset. */
export function releaseEpoch({ manifest }: Pick<Release, "manifest">): number {
  return Date.parse(manifest.built) / 1000;
}

async function readManifest(image: string): Promise<string> {
  try {
    return await Deno.readTextFile(join(image, IMAGE_NAMES.manifest));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(
      `Cannot make a boot asset: ${image} holds no image, run: deno task image`,
      { cause },
    );
  }
}
