/**
 * Notes on a device itself that it is being wiped, formatted or installed to. Half of a filesystem is neither one that
 * mounts nor a blank device; the note says that there is nothing to lose, and goes when the work is done.
 */
import type { Medium } from "./medium.ts";

/** What was begun on a device and not ended, because the power went or the program did. */
export type Unfinished =
  | { readonly work: "wipe" }
  | { readonly work: "install" }
  | { readonly work: "format"; readonly label: string };

/** The ends of a device, each of PROBE_BYTES where it has as many. */
export interface DeviceEnds {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly sizeBytes: number;
}

/** A note takes a sector, which a disk writes as a whole or not at all. */
const NOTE_BYTES = 512;
/** The largest sector; zeroes that the kernel is asked for start at a multiple of it. */
const SECTOR_BYTES = 4096;
const NOTE = /^NODENOTE (?:(wipe|install)|format ([^\0]{1,12}))\0*$/;
/**
 * What a filesystem leaves of its device: the note is at the start of that. mkfs.xfs makes the last
 * 128 KiB of a device zeros even when the filesystem ends before.
 */
const SPARE_BYTES = 1 << 20;
/** Places in an XFS superblock, which has its highest byte first. */
const XFS = { magic: 0x58465342, blockBytes: 4, blocks: 8 } as const;

/** How much of a device its filesystem has. */
export function filesystemBytes(deviceBytes: number): number {
  return deviceBytes - SPARE_BYTES;
}

/**
 * What these ends say that was not ended. The note of a format counts only where formatting can have been
 * under way: before a device that starts with zeros, or with an XFS that ends before the note.
 */
export function unfinishedWork({ head, tail, sizeBytes }: DeviceEnds): Unfinished | undefined {
  const noteAt = filesystemBytes(sizeBytes);
  const first = readNote(head.subarray(0, NOTE_BYTES));
  if (first && first.work !== "format") return first;
  if (noteAt < NOTE_BYTES || head.length < NOTE_BYTES) return undefined;
  const at = tail.length - SPARE_BYTES;
  const note = readNote(tail.subarray(at, at + NOTE_BYTES));
  if (note?.work !== "format") return undefined;
  const isZero = head.subarray(0, NOTE_BYTES).every((byte) => byte === 0);
  return isZero || xfsEnd(head) <= noteAt ? note : undefined;
}

/**
 * Formats a device that holds nothing of worth: `make` makes a filesystem of so many bytes on it. Until
 * that is there to stay, the device says that it is unfinished.
 */
export async function formatNoted(
  device: Medium,
  label: string,
  make: (bytes: number) => Promise<void>,
): Promise<void> {
  const bytes = filesystemBytes(device.sizeBytes);
  await device.write(bytes, encodeNote(`format ${label}`));
  await device.flush();
  await make(bytes);
  await device.flush();
  await device.write(bytes, new Uint8Array(NOTE_BYTES));
  await device.flush();
}

/** Has a device say that it is to be wiped, in place of whatever it starts with. */
export async function noteWipe(device: Medium): Promise<void> {
  await device.write(0, encodeNote("wipe"));
  await device.flush();
}

/** Has a device, which starts with zeros, say that what it is part of is being installed. */
export async function noteInstall(device: Medium): Promise<void> {
  await device.write(0, encodeNote("install"));
  await device.flush();
}

/** Takes the note at the start of a device away: what it said has been done. */
export async function clearNote(device: Medium): Promise<void> {
  await device.write(0, new Uint8Array(NOTE_BYTES));
  await device.flush();
}

/** Makes a whole device zeros, its note last; `zero` does it from one place up to another. */
export async function wipeNoted(
  device: Medium,
  zero: (from: number, to: number) => Promise<void>,
): Promise<void> {
  await noteWipe(device);
  await device.write(NOTE_BYTES, new Uint8Array(SECTOR_BYTES - NOTE_BYTES));
  await zero(SECTOR_BYTES, device.sizeBytes);
  await device.flush();
  await clearNote(device);
}

function encodeNote(work: string): Uint8Array {
  const bytes = new Uint8Array(NOTE_BYTES);
  new TextEncoder().encodeInto(`NODENOTE ${work}`, bytes);
  return bytes;
}

function readNote(bytes: Uint8Array): Unfinished | undefined {
  const match = NOTE.exec(new TextDecoder("latin1").decode(bytes));
  if (!match || bytes.length < NOTE_BYTES) return undefined;
  const [, work, label = ""] = match;
  return work === undefined ? { work: "format", label } : { work: work as "wipe" | "install" };
}

/** Where the XFS that starts here ends; beyond everything where none starts. */
function xfsEnd(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(0) !== XFS.magic) return Infinity;
  return view.getUint32(XFS.blockBytes) * Number(view.getBigUint64(XFS.blocks));
}
