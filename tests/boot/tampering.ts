/**
 * Damaged copies of the built image, for the boots that must not succeed.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Manifest } from "$lib/image/mod.ts";
import { cpioArchive } from "../../mkimage/cpio.ts";
import { DIST } from "./node.ts";

const INITRAMFS = `${DIST}initramfs-amd64.xz`;

/** The initramfs with one file replaced: the kernel takes the last archive's copy of it. */
export async function withFile(
  directory: string,
  path: string,
  content: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const target = `${directory}/initramfs`;
  await Deno.copyFile(INITRAMFS, target);
  const { size } = await Deno.stat(target);
  // An archive starts at a multiple of four bytes, whatever stands before it.
  const padding = new Uint8Array((4 - size % 4) % 4);
  const archive = [...cpioArchive([{ type: "file", path, mode: 0o444, content }], 0)];
  await Deno.writeFile(target, Buffer.concat([padding, ...archive]), { append: true });
  return target;
}

/** The initramfs with bytes of its root filesystem flipped, `offsets` counted from its start. */
export async function withFlippedRootfs(
  directory: string,
  offsets: readonly number[],
): Promise<string> {
  const target = `${directory}/initramfs`;
  await Deno.copyFile(INITRAMFS, target);
  using file = await Deno.open(target, { read: true, write: true });
  const head = new Uint8Array(4096);
  await file.read(head);
  // The first archive holds the image as it is; "hsqs" is where it begins.
  const start = Buffer.from(head).indexOf("hsqs");
  if (start < 0) throw new Error("Cannot tamper: the initramfs does not begin with the image");
  for (const offset of offsets) await flip(file, start + offset);
  return target;
}

/** Flips the lowest bit of one byte. */
async function flip(file: Deno.FsFile, offset: number): Promise<void> {
  const byte = new Uint8Array(1);
  await file.seek(offset, Deno.SeekMode.Start);
  await file.read(byte);
  byte[0]! ^= 1;
  await file.seek(offset, Deno.SeekMode.Start);
  await file.write(byte);
}

/** Flips one bit in each data block of the image at `path`, but not in those of the superblock. */
export async function flipEveryBlock(path: string, { verity }: Manifest): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  for (let block = 1; block < verity.dataBlocks; block++) {
    await flip(file, block * verity.blockSizeBytes + 17);
  }
}

/** Byte offsets in the middle third of the image, one in each block: programs lie there. */
export function middleBlocks({ verity }: Manifest): number[] {
  const third = Math.floor(verity.dataBlocks / 3);
  return Array.from({ length: third }, (_, i) => (third + i) * verity.blockSizeBytes + 100);
}

/** The first block of the hash tree, right behind data and superblock. */
export function treeOffset({ verity }: Manifest): number {
  return (verity.dataBlocks + 1) * verity.blockSizeBytes;
}
