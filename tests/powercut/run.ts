/** Every state that a recorded disk may be in when the power goes, looked at one after the other. */
import { join } from "node:path";
import { openMedium } from "$lib/disk/mod.ts";
import { type Contents, faultsOf, lookAt } from "./checks.ts";
import { type Cut, cutsAtFlushes, cutsBetween, epochsOf } from "./cuts.ts";
import { copyDisk } from "./copy_disk.ts";
import { epochsOfFormatting } from "./formatting.ts";
import { readLog } from "./log.ts";
import { Replay } from "./replay.ts";

/** A recorded disk. */
export interface Recording {
  /** The disk as it was when the log began; it is not changed. */
  readonly disk: string;
  readonly log: string;
}

/** Which of the cuts between flushes one is, from 0. */
export interface Place {
  readonly index: number;
  readonly of: number;
}

/** What is to be looked at. */
export interface CutOptions {
  /** So many cuts anywhere, and as many while a volume is being formatted. */
  readonly times: number;
  readonly seed: number;
  /** For the disk while it is changed. */
  readonly work: string;
  /** Told of each fault as it is found. */
  readonly say: (line: string) => void;
  /** A further look at a disk after a cut between flushes, e.g. to boot a copy of it; gives its faults. */
  readonly visit?: (disk: string, place: Place) => Promise<readonly string[]>;
}

/** How it went. */
export interface CutResult {
  readonly flushes: number;
  readonly between: number;
  readonly writes: number;
  readonly faults: number;
}

/** Cuts the power at every flush and so many times in between; more while volumes are formatted. */
export async function cutPower(recording: Recording, options: CutOptions): Promise<CutResult> {
  const { times, seed, work, say, visit } = options;
  const disk = join(work, "disk.raw");
  await using log = await openMedium(recording.log);
  const epochs = epochsOf(await readLog(log));
  const [start, end] = await startAndEnd(recording.disk, disk, log, epochs, work);
  const allowed = [start, end];
  await copyDisk(recording.disk, disk);
  await using medium = await openMedium(disk, { writable: true });
  const replay = new Replay(medium, log, epochs);
  const formatting = await epochsOfFormatting(log, epochs);
  const between = [
    ...cutsBetween(epochs, times, seed),
    ...cutsBetween(epochs, times, seed + 1, formatting),
  ];
  let flushed = start;
  let faults = 0;
  let index = 0;
  for (const atFlush of cutsAtFlushes(epochs)) {
    const here = between.filter((cut) => cut.epochs === atFlush.epochs);
    for (const cut of [atFlush, ...here]) {
      await replay.at(cut, async (changed) => {
        const contents = await lookAt(disk, { work, before: flushed, changed });
        const found = faultsOf(contents, allowed);
        if (cut === atFlush) flushed = contents;
        else found.push(...await visit?.(disk, { index: index++, of: between.length }) ?? []);
        for (const fault of found) say(`${nameOf(cut)}: ${fault}`);
        faults += found.length;
      });
    }
  }
  const writes = epochs.reduce((sum, { writes }) => sum + writes.length, 0);
  return { flushes: epochs.length, between: between.length, writes, faults };
}

/** What the disk held before anything was written, and what it holds with all of it. */
async function startAndEnd(
  original: string,
  disk: string,
  log: ConstructorParameters<typeof Replay>[1],
  epochs: ConstructorParameters<typeof Replay>[2],
  work: string,
): Promise<[Contents, Contents]> {
  await copyDisk(original, disk);
  const start = await lookAt(disk, { work });
  await using medium = await openMedium(disk, { writable: true });
  const replay = new Replay(medium, log, epochs);
  const whole = { epochs: epochs.length, kept: [] };
  return [start, await replay.at(whole, () => lookAt(disk, { work }))];
}

/** A cut in words, e.g. `after flush 12, 3 of 7 writes on the disk`. */
function nameOf({ epochs, kept }: Cut): string {
  return kept.length === 0
    ? `after flush ${epochs}`
    : `after flush ${epochs} and ${kept.length} writes`;
}
