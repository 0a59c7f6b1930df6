/** Opens the image: signature first, then the verity device, then the mount. */
import type { KernelCmdline } from "$lib/cmdline/mod.ts";
import { type Manifest, ManifestError, verifyManifest } from "$lib/image/mod.ts";
import { openVerity, verityTarget } from "$ffi/verity.ts";
import { attachLoop } from "$ffi/loop.ts";
import { mount, MS } from "$ffi/mount.ts";

/** The device-mapper name of the root filesystem. */
const DEVICE_NAME = "rootfs";
/** How long a disk named by `talos.root` may take to appear, milliseconds. */
const DISK_WAIT_MS = 10_000;

/**
 * Mounts the signed root filesystem at `target`. It comes from `/rootfs.sqsh`, or from the block
 * device that the kernel argument `talos.root` names; both only as the manifest's root hash allows.
 *
 * @throws {ManifestError} when the manifest or its signature is not right
 * @throws {Error} naming the part that could not be opened
 */
export async function openImage(
  { cmdline, target }: { cmdline: KernelCmdline; target: string },
): Promise<Manifest> {
  const manifest = await readManifest();
  const { dataBlocks, blockSizeBytes, rootHash, salt } = manifest.verity;
  const root = cmdline.last("talos.root") || "/rootfs.sqsh";
  using source = root.startsWith("/dev/") ? await disk(root) : await attachImage(root, manifest);
  const image = { device: source.path, blockSizeBytes, dataBlocks, rootHash, salt };
  // A changed superblock is an error of the mount, with our sentence; what changes later than this is
  // met when programs read it, and then nothing of the machine can be trusted any more.
  const device = part("dm-verity device", () => openVerity(DEVICE_NAME, image));
  await Deno.mkdir(target, { recursive: true });
  const { path } = device.info();
  part(
    "root filesystem",
    () =>
      mount({ source: path, target, type: "squashfs", flags: MS.RDONLY | MS.NODEV | MS.NOSUID }),
  );
  part("dm-verity device", () => {
    device.load([verityTarget({ ...image, onCorruption: "panic" })], { readOnly: true });
    device.resume();
  });
  return manifest;
}

async function readManifest(): Promise<Manifest> {
  const [bytes, signature, key] = await Promise.all([
    Deno.readFile("/image/manifest.json"),
    Deno.readFile("/image/manifest.json.sig"),
    Deno.readTextFile("/image/signing.pub"),
  ]);
  return await verifyManifest(bytes, signature, key);
}

/** The image file as a loop device; one that is cut short is refused before anything reads it. */
async function attachImage(
  path: string,
  manifest: Manifest,
): Promise<{ path: string } & Disposable> {
  const expected = manifest.parts.find((candidate) => candidate.name === "rootfs.sqsh")?.sizeBytes;
  const { size } = await Deno.stat(path);
  if (size !== expected) {
    throw new ManifestError(
      `Cannot open rootfs.sqsh: it has ${size} bytes instead of ${expected}, the image is truncated or mixed up`,
    );
  }
  return part("loop device", () => attachLoop(path, { readOnly: true, autoclear: true }));
}

async function disk(path: string): Promise<{ path: string } & Disposable> {
  const deadline = performance.now() + DISK_WAIT_MS;
  while (performance.now() < deadline) {
    const found = await Deno.stat(path).catch(() => undefined);
    if (found?.isBlockDevice) return { path, [Symbol.dispose]: () => {} };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Cannot find ${path}: no such disk came within ${DISK_WAIT_MS / 1000} s`);
}

function part<T>(name: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot open the ${name} of the image: ${reason}`, { cause });
  }
}
