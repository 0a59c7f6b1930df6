/** The partition table of UEFI disks (UEFI specification, chapter 5), as a value and as bytes. */
import { crc32 } from "node:zlib";
import { encodeGuid, GUID_BYTES } from "./guid.ts";

/** One partition; sectors are counted from the start of the disk, `lastSector` belongs to it. */
export interface GptPartition {
  /** Its place in the table, from 1: the number in its device's name. */
  readonly number: number;
  /** GUID of what it is for. */
  readonly type: string;
  /** GUID of its own. */
  readonly id: string;
  readonly name: string;
  readonly firstSector: number;
  readonly lastSector: number;
  /** Bit 0: the platform needs it, bit 2: legacy boot, from bit 48 on the type's own. */
  readonly attributes: bigint;
}

/** A partition table of a disk of `sectors` sectors. */
export interface Gpt {
  readonly diskId: string;
  readonly sectorBytes: number;
  readonly sectors: number;
  readonly partitions: readonly GptPartition[];
}

/** What partitions are for. */
export const PARTITION_TYPE = {
  esp: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
  linux: "0fc63daf-8483-4772-8e79-3d69d8477de4",
} as const;

export const GPT_SIGNATURE = "EFI PART";
export const GPT_REVISION = 0x10000;
/** Offsets in a header; its checksum covers `size` bytes with itself as zero. */
export const HEADER = {
  size: 92,
  revision: 8,
  headerSize: 12,
  checksum: 16,
  own: 24,
  alternate: 32,
  firstUsable: 40,
  lastUsable: 48,
  diskId: 56,
  entries: 72,
  entryCount: 80,
  entrySize: 84,
  entriesChecksum: 88,
} as const;
/** Offsets in an entry. */
export const ENTRY = {
  size: 128,
  type: 0,
  id: 16,
  first: 32,
  last: 40,
  attributes: 48,
  name: 56,
  nameUnits: 36,
} as const;
/** How many partitions the tables made here have room for. */
export const ENTRY_COUNT = 128;
/** Offsets in the sector that keeps tools which know no GPT away from the disk. */
export const MBR = { entry: 446, type: 450, first: 454, count: 458, signature: 510 } as const;
export const MBR_PROTECTIVE = 0xee;

/** Sectors that the entries take on a disk with such sectors. */
function entrySectors(sectorBytes: number): number {
  return Math.ceil(ENTRY_COUNT * ENTRY.size / sectorBytes);
}

/** The first and last sector that partitions of a disk may have. */
export function usableSectors(
  { sectors, sectorBytes }: Pick<Gpt, "sectors" | "sectorBytes">,
): { first: number; last: number } {
  const table = entrySectors(sectorBytes);
  return { first: 2 + table, last: sectors - 2 - table };
}

/** The bytes of a table: `head` from the start of the disk, `tail` up to its end. */
export interface GptBytes {
  readonly head: Uint8Array<ArrayBuffer>;
  readonly tail: Uint8Array<ArrayBuffer>;
}

/**
 * The two copies of a table.
 *
 * @throws {RangeError} when a partition lies outside the disk or over another, has a name that is too
 * long, or a number that the table has no place for
 */
export function encodeGpt(gpt: Gpt): GptBytes {
  const fault = partitionFault(gpt.partitions, usableSectors(gpt));
  if (fault !== undefined) throw new RangeError(`Cannot make a partition table: ${fault}`);
  const { sectorBytes, sectors } = gpt;
  const table = entrySectors(sectorBytes);
  const entries = encodeEntries(gpt.partitions);
  const head = new Uint8Array((2 + table) * sectorBytes);
  head.set(protectiveMbr(sectors));
  head.set(encodeHeader(gpt, entries, { own: 1, alternate: sectors - 1, entries: 2 }), sectorBytes);
  head.set(entries, 2 * sectorBytes);
  const tail = new Uint8Array((1 + table) * sectorBytes);
  tail.set(entries);
  const places = { own: sectors - 1, alternate: 1, entries: sectors - 1 - table };
  tail.set(encodeHeader(gpt, entries, places), table * sectorBytes);
  return { head, tail };
}

/** Why these partitions cannot be on one disk, or undefined when they can. */
export function partitionFault(
  partitions: readonly GptPartition[],
  usable: { readonly first: number; readonly last: number },
): string | undefined {
  const sorted = partitions.toSorted((a, b) => a.firstSector - b.firstSector);
  for (const [i, { number, firstSector, lastSector }] of sorted.entries()) {
    const place = `partition ${number} (sectors ${firstSector} to ${lastSector})`;
    if (lastSector < firstSector) return `${place} ends before it starts`;
    if (firstSector < usable.first || lastSector > usable.last) {
      return `${place} is outside of the usable sectors ${usable.first} to ${usable.last}`;
    }
    const next = sorted[i + 1];
    if (next && next.firstSector <= lastSector) return `${place} overlaps partition ${next.number}`;
  }
  return undefined;
}

function encodeEntries(partitions: readonly GptPartition[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ENTRY_COUNT * ENTRY.size);
  const view = new DataView(bytes.buffer);
  for (const { number, type, id, name, firstSector, lastSector, attributes } of partitions) {
    if (!Number.isInteger(number) || number < 1 || number > ENTRY_COUNT) {
      throw new RangeError(`Cannot make a partition table: it has no partition ${number}`);
    }
    if (name.length > ENTRY.nameUnits) {
      throw new RangeError(
        `Cannot make a partition table: "${name}" has more than ${ENTRY.nameUnits} characters`,
      );
    }
    const at = (number - 1) * ENTRY.size;
    bytes.set(encodeGuid(type), at + ENTRY.type);
    bytes.set(encodeGuid(id), at + ENTRY.id);
    view.setBigUint64(at + ENTRY.first, BigInt(firstSector), true);
    view.setBigUint64(at + ENTRY.last, BigInt(lastSector), true);
    view.setBigUint64(at + ENTRY.attributes, attributes, true);
    for (let unit = 0; unit < name.length; unit++) {
      view.setUint16(at + ENTRY.name + 2 * unit, name.charCodeAt(unit), true);
    }
  }
  return bytes;
}

function encodeHeader(
  gpt: Gpt,
  entries: Uint8Array,
  places: { readonly own: number; readonly alternate: number; readonly entries: number },
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER.size);
  const view = new DataView(bytes.buffer);
  const usable = usableSectors(gpt);
  bytes.set(new TextEncoder().encode(GPT_SIGNATURE));
  bytes.set(encodeGuid(gpt.diskId).subarray(0, GUID_BYTES), HEADER.diskId);
  for (
    const [at, value] of [
      [HEADER.revision, GPT_REVISION],
      [HEADER.headerSize, HEADER.size],
      [HEADER.entryCount, ENTRY_COUNT],
      [HEADER.entrySize, ENTRY.size],
      [HEADER.entriesChecksum, crc32(entries)],
    ] as const
  ) view.setUint32(at, value, true);
  for (
    const [at, value] of [
      [HEADER.own, places.own],
      [HEADER.alternate, places.alternate],
      [HEADER.entries, places.entries],
      [HEADER.firstUsable, usable.first],
      [HEADER.lastUsable, usable.last],
    ] as const
  ) view.setBigUint64(at, BigInt(value), true);
  view.setUint32(HEADER.checksum, crc32(bytes), true);
  return bytes;
}

/** One partition over the whole disk, of a type that says what the rest of the disk is. */
function protectiveMbr(sectors: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, 2, 0, MBR_PROTECTIVE, 0xff, 0xff, 0xff], MBR.entry);
  view.setUint32(MBR.first, 1, true);
  view.setUint32(MBR.count, Math.min(sectors - 1, 0xffff_ffff), true);
  bytes.set([0x55, 0xaa], MBR.signature);
  return bytes;
}
