/** What a disk may hold when the power goes: everything up to a flush, and of what came later any part. */
import { Random } from "../conformance/garble_random.ts";
import type { LogEntry } from "./log.ts";

/** Writes that no flush lies between. */
export interface Epoch {
  readonly writes: readonly LogEntry[];
}

/** A write of which the first `length` bytes are on the disk. */
export interface Kept {
  readonly entry: LogEntry;
  readonly length: number;
}

/** One state of a disk after a power cut. */
export interface Cut {
  /** So many epochs are on the disk as a whole. */
  readonly epochs: number;
  /** What is there of the next one, in the order it was written. */
  readonly kept: readonly Kept[];
}

/** The smallest part of a write that a disk keeps or loses as a whole. */
const SECTOR_BYTES = 512;

/** The writes of a log from flush to flush; a flush with nothing before it is left out. */
export function epochsOf(entries: readonly LogEntry[]): Epoch[] {
  const epochs: Epoch[] = [];
  let writes: LogEntry[] = [];
  for (const entry of entries) {
    if (entry.kind !== "flush") {
      writes.push(entry);
    } else if (writes.length > 0) {
      epochs.push({ writes });
      writes = [];
    }
  }
  return writes.length > 0 ? [...epochs, { writes }] : epochs;
}

/** The power goes right after each flush, and once before anything is written. */
export function cutsAtFlushes(epochs: readonly Epoch[]): Cut[] {
  return [...epochs, undefined].map((_, i) => ({ epochs: i, kept: [] }));
}

/**
 * The power goes `times` times between two flushes; each write of the epochs `among` is as likely as any
 * other to be the last.
 */
export function cutsBetween(
  epochs: readonly Epoch[],
  times: number,
  seed: number,
  among: readonly number[] = [...epochs.keys()],
): Cut[] {
  const total = among.reduce((sum, i) => sum + epochs[i]!.writes.length, 0);
  if (total === 0) return [];
  const cuts: Cut[] = [];
  for (let i = 0; i < times; i++) {
    const random = new Random(seed, i);
    let last = random.int(0, total);
    let at = 0;
    while (last >= epochs[among[at]!]!.writes.length) last -= epochs[among[at++]!]!.writes.length;
    const issued = epochs[among[at]!]!.writes.slice(0, last + 1);
    cuts.push({ epochs: among[at]!, kept: keptOf(issued, random) });
  }
  return cuts.toSorted((a, b) => a.epochs - b.epochs);
}

/** What is left of these writes: of one cut much, of another little, and some of it torn. */
function keptOf(writes: readonly LogEntry[], random: Random): Kept[] {
  const share = random.next();
  return writes.flatMap((entry) => {
    const { length } = entry;
    if (entry.durable) return [{ entry, length }];
    if (random.next() > share) return [];
    const torn = random.next() < 0.2;
    const sectors = random.int(1, length / SECTOR_BYTES + 1);
    return [{ entry, length: torn ? sectors * SECTOR_BYTES : length }];
  });
}
