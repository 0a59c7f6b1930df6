/** Which filesystem a device holds and what it is labelled, by the bytes at its start. */

/** A filesystem that a configuration may be brought on; the names are those that mount(2) takes. */
export interface VolumeLabel {
  readonly type: "iso9660" | "vfat";
  readonly label: string;
}

/** How much of a device it takes: the descriptor of an ISO is its seventeenth sector. */
export const VOLUME_HEAD_BYTES = 34 * 1024;

const ISO = { descriptor: 32_768, magic: 32_769, label: 32_808, labelBytes: 32 } as const;
/** Offsets in a boot sector; what FAT32 inserts moves the label. */
const FAT = {
  signature: 510,
  type16: 54,
  label16: 43,
  type32: 82,
  label32: 71,
  bytes: 11,
} as const;

/** The label in the first `VOLUME_HEAD_BYTES` of a device, or nothing when it is neither. */
export function volumeLabel(head: Uint8Array): VolumeLabel | undefined {
  if (head[ISO.descriptor] === 1 && text(head, ISO.magic, 5) === "CD001") {
    return { type: "iso9660", label: text(head, ISO.label, ISO.labelBytes) };
  }
  if (head[FAT.signature] !== 0x55 || head[FAT.signature + 1] !== 0xAA) return undefined;
  if (text(head, FAT.type32, 5) === "FAT32") {
    return { type: "vfat", label: text(head, FAT.label32, FAT.bytes) };
  }
  return text(head, FAT.type16, 3) === "FAT"
    ? { type: "vfat", label: text(head, FAT.label16, FAT.bytes) }
    : undefined;
}

function text(bytes: Uint8Array, at: number, length: number): string {
  // Latin-1 takes any byte: a label is compared, never shown.
  return new TextDecoder("latin1").decode(bytes.subarray(at, at + length)).trimEnd();
}
