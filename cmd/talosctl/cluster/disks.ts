/** The files of machines' disks. */
import { SECRET } from "../files.ts";
import type { HostFiles } from "../host.ts";

/** How the start of a file says what format a disk in it has. */
const FORMATS = [
  { format: "qcow2", magic: "514649fb" },
  { format: "xz", magic: "fd377a585a00" },
] as const;

/** Where a qcow2 says how large its disk is: eight bytes, the highest first. */
const QCOW2_BYTES_AT = 24;

/** The disk in a file. */
export interface DiskImage {
  readonly format: "raw" | "qcow2";
  readonly sizeBytes: number;
}

/**
 * What the file of a disk holds, told from its first bytes and its length.
 *
 * @throws {TypeError} when it has to be unpacked first
 */
export function diskImage(head: Uint8Array<ArrayBuffer>, fileBytes: number): DiskImage {
  const format = FORMATS.find(({ magic }) => head.toHex().startsWith(magic))?.format ?? "raw";
  if (format === "xz") {
    throw new TypeError('it is compressed: unpack it with "xz --decompress --keep" first');
  }
  if (format === "raw") return { format, sizeBytes: fileBytes };
  const size = new DataView(head.buffer, head.byteOffset).getBigUint64(QCOW2_BYTES_AT);
  return { format, sizeBytes: Number(size) };
}

/** Looks at the file of a disk. @throws {Error} when it cannot be read or used as it is */
export async function readDiskImage(files: HostFiles, path: string): Promise<DiskImage> {
  using file = await files.open(path);
  const head = new Uint8Array(QCOW2_BYTES_AT + 8);
  await file.read(head);
  return diskImage(head, (await file.stat()).size);
}

/** Makes a disk of that size which takes no room until it is written to. */
export async function makeDisk(files: HostFiles, path: string, bytes: number): Promise<void> {
  using file = await files.open(path, { create: true, write: true, mode: SECRET });
  await file.truncate(bytes);
}

/** Makes `path` a disk of `bytes` that starts with what `image` holds. */
export async function copyDisk(
  files: HostFiles,
  image: string,
  { path, bytes }: { readonly path: string; readonly bytes: number },
): Promise<void> {
  const { format } = await readDiskImage(files, image);
  // First, so that nobody else may read what the machine writes there.
  await makeDisk(files, path, 0);
  // It leaves out what is zeros, which on a new disk is most.
  const args = ["convert", "-f", format, "-O", "raw", image, path];
  const { success, stderr } = await qemuImg(args);
  if (!success) {
    const [reason] = new TextDecoder().decode(stderr).trim().split("\n").slice(-1);
    throw new Error(`Cannot copy the disk "${image}": ${reason || "qemu-img gave no reason"}`);
  }
  await makeDisk(files, path, bytes);
}

async function qemuImg(args: string[]): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command("qemu-img", { args, stdin: "null", stdout: "null" }).output();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(
      "Cannot find qemu-img: install it (Debian: apt-get install qemu-utils, macOS: brew install qemu)",
      { cause },
    );
  }
}
