/** Partition tables where they are: on a disk, in two copies that may disagree. */
import { crc32 } from "node:zlib";
import {
  encodeGpt,
  ENTRY,
  type Gpt,
  GPT_REVISION,
  GPT_SIGNATURE,
  type GptPartition,
  HEADER,
  MBR,
  MBR_PROTECTIVE,
  partitionFault,
} from "./gpt.ts";
import { decodeGuid, GUID_BYTES } from "./guid.ts";
import type { Medium } from "./medium.ts";

/** A disk has a partition table that cannot be used. */
export class GptError extends Error {
  override readonly name = "GptError";
}

/** A table that was read. */
export interface GptReading {
  readonly gpt: Gpt;
  /** What is wrong with the other copy, or with where it is; writing the table anew heals it. */
  readonly fault?: string;
}

/** Tables with more room than this are not read: no tool makes them. */
const MAX_ENTRIES = 1024;
const MAX_ENTRY_BYTES = 4096;

/** One copy: the table, and where it says that the other copy is. */
interface Copy {
  readonly gpt: Gpt;
  readonly alternate: number;
}

/**
 * The partition table of a disk, or undefined when it has none. A damaged first copy gives way to the
 * one at the end of the disk.
 *
 * @throws {GptError} naming the disk and both faults, when there is a table and no copy of it is right
 */
export async function readGpt(disk: Medium): Promise<GptReading | undefined> {
  const last = Math.floor(disk.sizeBytes / disk.sectorBytes) - 1;
  if (last < 2) return undefined;
  const primary = await readCopy(disk, 1);
  if (typeof primary !== "string") {
    const backup = await readCopy(disk, primary.alternate);
    if (typeof backup === "string") return { gpt: primary.gpt, fault: `its backup: ${backup}` };
    const moved = primary.alternate !== last && "its backup is not at the end of the disk";
    return { gpt: primary.gpt, ...(moved ? { fault: moved } : {}) };
  }
  const backup = await readCopy(disk, last);
  if (typeof backup !== "string") return { gpt: backup.gpt, fault: `its first copy: ${primary}` };
  if (primary === NO_TABLE && backup === NO_TABLE && !await isProtected(disk)) return undefined;
  throw new GptError(
    `Cannot read the partition table of ${disk.name}: first copy: ${primary}; backup: ${backup}`,
  );
}

/**
 * Writes both copies of a table. Whenever the power goes, one whole copy is left: that of before, or
 * the new one.
 */
export async function writeGpt(disk: Medium, gpt: Gpt): Promise<void> {
  const { head, tail } = encodeGpt(gpt);
  await disk.write(gpt.sectors * gpt.sectorBytes - tail.length, tail);
  await disk.flush();
  await disk.write(0, head);
  await disk.flush();
}

const NO_TABLE = "there is none";

/** The copy whose header is in sector `own`, or what is wrong with it. */
async function readCopy(disk: Medium, own: number): Promise<Copy | string> {
  const sectors = Math.floor(disk.sizeBytes / disk.sectorBytes);
  if (own < 1 || own >= sectors) return `sector ${own} is not on the disk`;
  const header = await disk.read(own * disk.sectorBytes, disk.sectorBytes);
  const fault = headerFault(header, own);
  if (fault !== undefined) return fault;
  const view = new DataView(header.buffer);
  const [start, count, entryBytes] = [
    sector(view, HEADER.entries),
    view.getUint32(HEADER.entryCount, true),
    view.getUint32(HEADER.entrySize, true),
  ];
  if (count > MAX_ENTRIES) return `${count} partitions, more than ${MAX_ENTRIES}`;
  if (entryBytes < ENTRY.size || entryBytes > MAX_ENTRY_BYTES || entryBytes % 8 !== 0) {
    return `entries of ${entryBytes} bytes`;
  }
  const length = count * entryBytes;
  if (start < 2 || start * disk.sectorBytes + length > disk.sizeBytes) {
    return `entries at sector ${start}, which are not on the disk`;
  }
  const entries = await disk.read(start * disk.sectorBytes, length);
  if (crc32(entries) !== view.getUint32(HEADER.entriesChecksum, true)) {
    return "wrong checksum of the entries";
  }
  const partitions = decodeEntries(entries, entryBytes);
  const usable = {
    first: sector(view, HEADER.firstUsable),
    last: Math.min(sector(view, HEADER.lastUsable), sectors - 1),
  };
  const misplaced = partitionFault(partitions, usable);
  if (misplaced !== undefined) return misplaced;
  const diskId = decodeGuid(header.subarray(HEADER.diskId, HEADER.diskId + GUID_BYTES));
  return {
    gpt: { diskId, sectorBytes: disk.sectorBytes, sectors, partitions },
    alternate: sector(view, HEADER.alternate),
  };
}

function headerFault(header: Uint8Array<ArrayBuffer>, own: number): string | undefined {
  const view = new DataView(header.buffer);
  if (new TextDecoder("latin1").decode(header.subarray(0, 8)) !== GPT_SIGNATURE) return NO_TABLE;
  const revision = view.getUint32(HEADER.revision, true);
  if (revision !== GPT_REVISION) return `unknown revision 0x${revision.toString(16)}`;
  const size = view.getUint32(HEADER.headerSize, true);
  if (size < HEADER.size || size > header.length) return `a header of ${size} bytes`;
  const checked = header.slice(0, size);
  new DataView(checked.buffer).setUint32(HEADER.checksum, 0, true);
  if (crc32(checked) !== view.getUint32(HEADER.checksum, true)) {
    return "wrong checksum of the header";
  }
  const place = sector(view, HEADER.own);
  return place === own ? undefined : `a header of sector ${place} in sector ${own}`;
}

function decodeEntries(bytes: Uint8Array<ArrayBuffer>, entryBytes: number): GptPartition[] {
  const view = new DataView(bytes.buffer);
  const partitions: GptPartition[] = [];
  for (let at = 0; at < bytes.length; at += entryBytes) {
    const guid = (offset: number) => bytes.subarray(at + offset, at + offset + GUID_BYTES);
    if (guid(ENTRY.type).every((byte) => byte === 0)) continue;
    const name = bytes.subarray(at + ENTRY.name, at + ENTRY.name + 2 * ENTRY.nameUnits);
    partitions.push({
      number: at / entryBytes + 1,
      type: decodeGuid(guid(ENTRY.type)),
      id: decodeGuid(guid(ENTRY.id)),
      name: new TextDecoder("utf-16le").decode(name).replace(/\0.*$/s, ""),
      firstSector: sector(view, at + ENTRY.first),
      lastSector: sector(view, at + ENTRY.last),
      attributes: view.getBigUint64(at + ENTRY.attributes, true),
    });
  }
  return partitions;
}

/** A sector's number; one that no disk has reads as one that no disk has, not as another. */
function sector(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/** Whether the first sector says that the disk has a table of this kind. */
async function isProtected(disk: Medium): Promise<boolean> {
  const first = await disk.read(0, 512);
  return first[MBR.signature] === 0x55 && first[MBR.type] === MBR_PROTECTIVE;
}
