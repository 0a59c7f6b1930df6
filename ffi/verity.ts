/**
 * dm-verity: opens an image whose hash tree lies behind it, bound to a root hash.
 *
 * @module
 */
import { DmDevice, type DmTarget } from "./device_mapper.ts";

/** A verity image on one device: data, then a superblock of one block, then the hash tree. */
export interface VerityImage {
  /** The block device, such as /dev/loop0. */
  device: string;
  /** Blocks of data, without superblock and tree. */
  dataBlocks: number;
  /** Hex of the root hash that the manifest signs. */
  rootHash: string;
  /** Hex of the salt, or empty. */
  salt: string;
  blockSizeBytes?: number;
  algorithm?: string;
  /** First block of the hash tree; right behind data and superblock when absent. */
  hashStartBlock?: number;
  /** "panic" stops the machine at the first changed block instead of failing reads with EIO. */
  onCorruption?: "error" | "panic";
}

/** The table line of `image`. @throws {TypeError} when hash or salt are not hex. */
export function verityTarget(image: VerityImage): DmTarget {
  const { device, dataBlocks, rootHash, salt, algorithm = "sha256" } = image;
  if (!/^([0-9a-f]{2})+$/.test(rootHash) || !/^([0-9a-f]{2})*$/.test(salt)) {
    throw new TypeError(`Cannot open verity image "${device}": root hash or salt is not hex`);
  }
  const blockSize = image.blockSizeBytes ?? 4096;
  const hashStart = image.hashStartBlock ?? dataBlocks + 1;
  const words = [1, device, device, blockSize, blockSize, dataBlocks, hashStart, algorithm];
  const options = image.onCorruption === "panic" ? ["1", "panic_on_corruption"] : [];
  return {
    start: 0n,
    length: BigInt(dataBlocks) * BigInt(blockSize / 512),
    type: "verity",
    params: [...words, rootHash, salt || "-", ...options].join(" "),
  };
}

/**
 * Opens `image` as the read-only device `name` and gives it, live. Nothing is read yet: a changed
 * block shows when it is read. @throws {SyscallError} when the kernel refuses; nothing is left then.
 */
export function openVerity(name: string, image: VerityImage): DmDevice {
  const target = verityTarget(image);
  const device = DmDevice.create(name, { readOnly: true });
  try {
    device.load([target], { readOnly: true });
    device.resume();
    return device;
  } catch (error) {
    device.remove();
    throw error;
  }
}

/** Whether a block of the verity device was found changed since it was opened. */
export function isCorrupted(device: DmDevice): boolean {
  return device.status().some(({ type, params }) => type === "verity" && params.startsWith("C"));
}
