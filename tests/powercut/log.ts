/** The log that QEMU's `blklogwrites` keeps of a disk: the format of Linux's dm-log-writes, version 1. */
import type { Medium } from "$lib/disk/mod.ts";

/** One thing that was done to the disk; sizes and places in bytes. */
export interface LogEntry {
  readonly kind: "write" | "discard" | "flush";
  /** Where on the disk. */
  readonly offset: number;
  readonly length: number;
  /** Where in the log the written bytes are. */
  readonly dataAt: number;
  /** The write was there to stay when it was answered. */
  readonly durable: boolean;
}

const MAGIC = 0x6a736677736872n;
/** Offsets in the first sector. */
const HEADER = { magic: 0, version: 8, count: 16, sectorBytes: 24, size: 28 } as const;
/** Offsets at the start of an entry, which has a sector of its own. */
const ENTRY = { sector: 0, sectors: 8, flags: 16 } as const;
const FLAG = { flush: 1n, durable: 2n, discard: 4n, mark: 8n } as const;

/** Every entry up to the last flush. @throws {SyntaxError} naming the log and what is wrong with it */
export async function readLog(
  log: Pick<Medium, "name" | "read" | "sizeBytes">,
): Promise<LogEntry[]> {
  const fault = (what: string) => new SyntaxError(`Cannot read log "${log.name}": ${what}`);
  if (log.sizeBytes < HEADER.size) throw fault(`it has ${log.sizeBytes} bytes`);
  const header = new DataView((await log.read(0, HEADER.size)).buffer);
  if (header.getBigUint64(HEADER.magic, true) !== MAGIC) {
    throw fault("it is not one of blklogwrites");
  }
  const version = header.getBigUint64(HEADER.version, true);
  if (version !== 1n) throw fault(`it has version ${version}, known is 1`);
  const count = Number(header.getBigUint64(HEADER.count, true));
  const sectorBytes = header.getUint32(HEADER.sectorBytes, true);
  if (sectorBytes < 512 || (sectorBytes & (sectorBytes - 1)) !== 0) {
    throw fault(`it has sectors of ${sectorBytes} bytes`);
  }
  const entries: LogEntry[] = [];
  let at = sectorBytes;
  for (let i = 0; i < count; i++) {
    if (at + sectorBytes > log.sizeBytes) throw fault(`it ends before entry ${i} of ${count}`);
    const view = new DataView((await log.read(at, sectorBytes)).buffer);
    const number = (offset: number) => Number(view.getBigUint64(offset, true)) * sectorBytes;
    const flags = view.getBigUint64(ENTRY.flags, true);
    const [offset, length] = [number(ENTRY.sector), number(ENTRY.sectors)];
    const has = (flag: bigint) => (flags & flag) !== 0n;
    at += sectorBytes;
    // A flush that carries data: what was written before is safe first, then the data is written.
    if (has(FLAG.flush)) {
      entries.push({ kind: "flush", offset: 0, length: 0, dataAt: at, durable: false });
    }
    if (length === 0 || has(FLAG.mark)) continue;
    const kind = has(FLAG.discard) ? "discard" : "write";
    entries.push({ kind, offset, length, dataAt: at, durable: has(FLAG.durable) });
    if (kind === "discard") continue;
    at += length;
    if (at > log.sizeBytes) throw fault(`it ends within entry ${i} of ${count}`);
  }
  return entries;
}
