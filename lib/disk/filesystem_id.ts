/** Which filesystem a device holds, and by what it is found: the UUID and label at its start. */
import { volumeLabel } from "$lib/codec/mod.ts";

/** A filesystem, swap or encrypted volume, as blkid names it. */
export interface FilesystemId {
  readonly type: "xfs" | "ext" | "btrfs" | "vfat" | "iso9660" | "swap" | "luks";
  readonly uuid?: string;
  readonly label?: string;
}

/** How much of a device's start it takes: btrfs begins at 64 KiB. */
export const FILESYSTEM_HEAD_BYTES = 72 << 10;

/** Offsets of magic bytes, the 16 bytes of a UUID, and the label. */
const SUPERBLOCKS = [
  { type: "xfs", magic: [0, "XFSB"], uuid: 32, label: 108, labelBytes: 12 },
  { type: "ext", magic: [0x438, "\x53\xef"], uuid: 0x468, label: 0x478, labelBytes: 16 },
  { type: "btrfs", magic: [0x10040, "_BHRfS_M"], uuid: 0x10020, label: 0x1012b, labelBytes: 256 },
  { type: "swap", magic: [4086, "SWAPSPACE2"], uuid: 1036, label: 1052, labelBytes: 16 },
] as const;
const LUKS = { magic: "LUKS\xba\xbe", version: 7, uuid: 168, uuidBytes: 40, label: 24, bytes: 48 };
/** Digits of a time: when the ISO was changed, else when it was made. */
const ISO = { made: 32_768 + 813, changed: 32_768 + 830, digits: 16 } as const;
/** Where FAT12 and FAT16, and FAT32, keep their serial number. */
const FAT = { is32: 82, serial32: 67, serial16: 39 } as const;
const NO_NAME = "NO NAME";

/** The filesystem that starts with `head`, or nothing when none does that is known here. */
export function filesystemId(head: Uint8Array): FilesystemId | undefined {
  if (magicAt(head, 0, LUKS.magic.length) === LUKS.magic) return luksId(head);
  for (const { type, magic, uuid, label, labelBytes } of SUPERBLOCKS) {
    const [at, bytes] = magic;
    if (magicAt(head, at, bytes.length) !== bytes) continue;
    return found(type, uuidText(head.subarray(uuid, uuid + 16)), text(head, label, labelBytes));
  }
  const volume = volumeLabel(head);
  if (!volume) return undefined;
  const { type, label } = volume;
  return type === "vfat"
    ? found(type, fatSerial(head), label === NO_NAME ? "" : label)
    : found(type, isoTime(head), label);
}

function luksId(head: Uint8Array): FilesystemId {
  const label = head[LUKS.version] === 2 ? text(head, LUKS.label, LUKS.bytes) : "";
  return found("luks", text(head, LUKS.uuid, LUKS.uuidBytes), label);
}

function found(type: FilesystemId["type"], uuid: string, label: string): FilesystemId {
  return { type, ...(uuid ? { uuid } : {}), ...(label ? { label } : {}) };
}

/** Each byte a character: TextDecoder takes "latin1" for windows-1252, which differs from 0x80 on. */
function magicAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** Up to the first zero byte; bytes that are no UTF-8 become the sign for that. */
function text(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end)).trimEnd();
}

function uuidText(bytes: Uint8Array): string {
  if (bytes.length < 16 || bytes.every((byte) => byte === 0)) return "";
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function fatSerial(head: Uint8Array): string {
  const at = text(head, FAT.is32, 5) === "FAT32" ? FAT.serial32 : FAT.serial16;
  const hex = head.slice(at, at + 4).reverse().toHex().toUpperCase();
  return hex === "00000000" ? "" : `${hex.slice(0, 4)}-${hex.slice(4)}`;
}

function isoTime(head: Uint8Array): string {
  const [changed, made] = [ISO.changed, ISO.made].map((at) => text(head, at, ISO.digits));
  const digits = [changed, made].find((time) => /^\d{16}$/.test(time ?? "") && !/^0+$/.test(time!));
  return digits?.replace(/^(....)(..)(..)(..)(..)(..)(..)$/, "$1-$2-$3-$4-$5-$6-$7") ?? "";
}
