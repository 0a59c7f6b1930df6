/**
 * XFS while it is mounted.
 *
 * @module
 */
import { Fd } from "./fd.ts";

/** Requests of the kernel's xfs_fs.h, and byte offsets in their structures. */
const XFS = {
  GEOMETRY: 0x80705864,
  geometrySize: 112,
  blockSize: 0,
  maxInodePercent: 28,
  blocks: 32,
  GROW: 0x4010586e,
  growSize: 16,
  newBlocks: 0,
  newMaxInodePercent: 8,
} as const;

/**
 * Lets the filesystem mounted at `target` fill a device of `deviceBytes`; gives whether it grew.
 *
 * @throws {SyscallError} ENOTTY when it is not XFS
 */
export function growXfs(target: string, deviceBytes: number): boolean {
  using fd = Fd.open(target);
  const geometry = new Uint8Array(XFS.geometrySize);
  fd.ioctl("XFS_IOC_FSGEOMETRY", XFS.GEOMETRY, geometry);
  const view = new DataView(geometry.buffer);
  const blocks = BigInt(Math.floor(deviceBytes / view.getUint32(XFS.blockSize, true)));
  const before = view.getBigUint64(XFS.blocks, true);
  if (blocks <= before) return false;
  const request = new Uint8Array(XFS.growSize);
  const fields = new DataView(request.buffer);
  fields.setBigUint64(XFS.newBlocks, blocks, true);
  fields.setUint32(XFS.newMaxInodePercent, view.getUint32(XFS.maxInodePercent, true), true);
  fd.ioctl("XFS_IOC_FSGROWFSDATA", XFS.GROW, request);
  // A gain too small for a group of its own is left alone by the kernel.
  fd.ioctl("XFS_IOC_FSGEOMETRY", XFS.GEOMETRY, geometry);
  return view.getBigUint64(XFS.blocks, true) > before;
}
