import { createHash } from "node:crypto";
import type { Verity } from "$lib/image/mod.ts";

/** Bytes of a block, of data and of the tree. */
export const BLOCK_BYTES = 4096;
const DIGEST_BYTES = 32;
const FANOUT = BLOCK_BYTES / DIGEST_BYTES;

/** The dm-verity tree of a device: what follows its data, and the hash that stands for all of it. */
export interface VerityTree {
  /** Superblock and tree, to be appended to the padded data. */
  readonly appendix: Uint8Array<ArrayBuffer>;
  readonly verity: Verity;
}

/**
 * Computes the tree of `data` (a whole number of blocks) in the on-disk format of cryptsetup, version 1.
 * @throws {RangeError} when data does not end on a block.
 */
export function verityTree(
  data: Uint8Array,
  options: { saltHex: string; uuidHex: string },
): VerityTree {
  if (data.length === 0 || data.length % BLOCK_BYTES !== 0) {
    throw new RangeError(`Cannot hash image: ${data.length} bytes are no whole number of blocks`);
  }
  const salt = fromHex(options.saltHex);
  const levels: Uint8Array<ArrayBuffer>[] = [];
  let below: Uint8Array = data;
  while (below.length > BLOCK_BYTES) {
    const level = hashBlocks(below, salt);
    levels.push(level);
    below = level;
  }
  const rootHash = digest(below, salt).toString("hex");
  const dataBlocks = data.length / BLOCK_BYTES;
  // On disk the top level comes first.
  const appendix = concat([superblock(dataBlocks, salt, options.uuidHex), ...levels.reverse()]);
  const verity = { rootHash, salt: options.saltHex, blockSizeBytes: BLOCK_BYTES, dataBlocks };
  return { appendix, verity };
}

/** The digests of each block, packed into whole blocks; the rest of the last one is zero. */
function hashBlocks(data: Uint8Array, salt: Uint8Array): Uint8Array<ArrayBuffer> {
  const count = data.length / BLOCK_BYTES;
  const out = new Uint8Array(Math.ceil(count / FANOUT) * BLOCK_BYTES);
  for (let index = 0; index < count; index++) {
    const block = data.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
    out.set(digest(block, salt), index * DIGEST_BYTES);
  }
  return out;
}

function digest(block: Uint8Array, salt: Uint8Array) {
  return createHash("sha256").update(salt).update(block).digest();
}

/** Byte offsets in cryptsetup's verity superblock. */
const SUPERBLOCK = {
  magic: 0,
  version: 8,
  hashType: 12,
  uuid: 16,
  algorithm: 32,
  dataBlockSize: 64,
  hashBlockSize: 68,
  dataBlocks: 72,
  saltSize: 80,
  salt: 88,
} as const;

function superblock(
  dataBlocks: number,
  salt: Uint8Array,
  uuidHex: string,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  const text = new TextEncoder();
  bytes.set(text.encode("verity"), SUPERBLOCK.magic);
  view.setUint32(SUPERBLOCK.version, 1, true);
  view.setUint32(SUPERBLOCK.hashType, 1, true);
  bytes.set(fromHex(uuidHex.replaceAll("-", "")), SUPERBLOCK.uuid);
  bytes.set(text.encode("sha256"), SUPERBLOCK.algorithm);
  view.setUint32(SUPERBLOCK.dataBlockSize, BLOCK_BYTES, true);
  view.setUint32(SUPERBLOCK.hashBlockSize, BLOCK_BYTES, true);
  view.setBigUint64(SUPERBLOCK.dataBlocks, BigInt(dataBlocks), true);
  view.setUint16(SUPERBLOCK.saltSize, salt.length, true);
  bytes.set(salt, SUPERBLOCK.salt);
  return bytes;
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

/** Joins byte arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** `data` with zeros up to the next whole block. */
export function padToBlock(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.ceil(data.length / BLOCK_BYTES) * BLOCK_BYTES);
  out.set(data);
  return out;
}
