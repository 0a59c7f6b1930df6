/** Installer images: pulled, verified, and run with the disk and little else. */
import { effectiveInstaller } from "$lib/config/mod.ts";
import {
  type Containerd,
  type ContainerSpec,
  dropView,
  ensureImage,
  type ImageSource,
  makeView,
  type OutputPipes,
  parseReference,
  pullImage,
  runToEnd,
  type SnapshotMount,
  type UnpackedImage,
} from "$lib/containerd/mod.ts";
import type { SignatureDatabase } from "$lib/efi/mod.ts";
import { INSTALLER, type Manifest } from "$lib/image/mod.ts";
import { NODE_FILES, ROLE_ENV, RUNTIME_FLAGS } from "$lib/role/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { type MountRequest, MS, whileMounted } from "$ffi/mount.ts";
import { verifyRelease } from "./verify.ts";

/** What installers need of the machine. */
export interface InstallerDeps {
  /** The containerd that needs no /var. */
  readonly containerd: Containerd;
  readonly images: ImageSource;
  readonly pipes: OutputPipes;
  /** PEM of the key that releases are signed with. */
  readonly signingKey: () => Promise<string>;
  /** Whom firmware lets start this machine; undefined when that is anybody, or not known. */
  readonly firmware: () => SignatureDatabase | undefined;
  /** Where the files of an image are looked at; `/system/run/installer` unless told. */
  readonly view?: string;
  readonly log: (line: string) => void;
}

/** An installer image that may be run. */
export interface VerifiedInstaller {
  readonly reference: string;
  /** The version of its release. */
  readonly version: string;
}

/** An image is there and is not taken: to fetch it again changes nothing. */
export class UntrustedImageError extends Error {
  override readonly name = "UntrustedImageError";
}

const ID = "installer";
const VIEW = "/system/run/installer";

/** Handles one installer image at a time. */
export class Installer {
  constructor(readonly deps: InstallerDeps) {}

  /**
   * Pulls an image and verifies all of it; nothing of it has run by then.
   *
   * @throws {UntrustedImageError} one sentence that says why it is not taken; then nothing of it is kept
   * @throws {Error} one sentence that says why it could not be had
   */
  async fetch(image: string, signal: AbortSignal): Promise<VerifiedInstaller> {
    const reference = effectiveInstaller(image);
    const { containerd, images } = this.deps;
    let isHere = false;
    try {
      // A tag may stand for another image than it did.
      await pullImage(containerd, reference, images, signal);
      const unpacked = await ensureImage(containerd, { reference }, images, signal);
      isHere = true;
      const { version } = await this.#verify(unpacked, signal);
      this.deps.log(
        `installer ${reference} (${unpacked.digest}) brings ${version}, its signature is right`,
      );
      return { reference, version };
    } catch (cause) {
      await this.forget(reference);
      const message = `error validating installer image "${reference}": ${messageOf(cause)}`;
      throw isHere ? new UntrustedImageError(message, { cause }) : new Error(message, { cause });
    }
  }

  /** Runs a verified image with these arguments to its end. @throws {Error} with what it said last */
  async run(
    { reference }: VerifiedInstaller,
    args: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { containerd, images, pipes } = this.deps;
    let last = "it said nothing";
    const log = (line: string) => {
      last = line;
      this.deps.log(`installer: ${line}`);
    };
    const spec = installerContainer(args);
    const container = { containerd, images, pipes, id: ID, image: () => ({ reference }), log };
    try {
      await runToEnd({ ...container, spec: () => spec }, signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw new Error(`the installer failed: ${last}`, { cause });
    }
  }

  /** Lets go of an image, which is as large as two releases. */
  async forget(reference: string): Promise<void> {
    const { name } = parseReference(reference);
    await this.deps.containerd.images.delete({ name, sync: true }).catch(() => {});
  }

  async #verify(image: UnpackedImage, signal: AbortSignal): Promise<Manifest> {
    const { containerd, images, signingKey, firmware, view = VIEW } = this.deps;
    const key = `${ID}-view`;
    const shown = await makeView(containerd, key, image, signal);
    try {
      await Deno.mkdir(view, { recursive: true });
      const { architecture } = images;
      return await whileMounted(
        mountOf(shown, view),
        async () =>
          await verifyRelease(view, {
            ...{ key: await signingKey(), architecture, firmware: firmware() },
          }),
      );
    } finally {
      await dropView(containerd, key);
    }
  }
}

/** The call that shows what containerd describes; `rbind` and `ro` are flags, the rest is data. */
export function mountOf(
  { type, source, options }: SnapshotMount,
  target: string,
): MountRequest {
  const bind = type === "bind";
  const data = options.filter((option) => option.includes("=")).join(",");
  const flags = MS.NODEV | MS.NOSUID | (bind ? MS.BIND : MS.RDONLY);
  return { source, target, type: bind ? "" : type, flags, data };
}

/** Parts of the node's own system that the container sees: all of its code but the installer. */
const SYSTEM: readonly (readonly [inside: string, outside: string])[] = [
  ["/usr/bin", "/usr/bin"],
  ["/usr/sbin", "/usr/sbin"],
  ["/usr/lib", "/usr/lib"],
  ["/lib", "/usr/lib"],
  ["/lib64", "/usr/lib64"],
];

/**
 * The container of an installer. Nothing of the image is loaded but the verified program: libraries and
 * the runtime are the node's, and /etc and the environment, which tell the loader what else to load, are
 * not the image's.
 */
export function installerContainer(args: readonly string[]): ContainerSpec {
  const program = `${INSTALLER.directory}/${INSTALLER.program}`;
  return {
    args: [NODE_FILES.runtime, ...RUNTIME_FLAGS, program, ...args],
    env: { ...ROLE_ENV, DENO_DIR: "/nonexistent" },
    ownEnvironment: true,
    cwd: "/",
    mounts: [
      ...SYSTEM.map(([destination, source]) => ({
        ...{ destination, source, options: ["rbind", "ro", "nosuid", "nodev"] },
      })),
      ...["/etc", "/mnt"].map((destination) => ({
        ...{
          destination,
          source: "tmpfs",
          type: "tmpfs",
          options: ["nosuid", "nodev", "mode=700"],
        },
      })),
      { destination: "/dev", source: "/dev", options: ["rbind", "rw"] },
    ],
    // To mount the partition that firmware reads, and to have a partition table read anew.
    capabilities: ["CAP_SYS_ADMIN"],
    blockDevices: true,
    cgroup: "/system/installer",
  };
}
