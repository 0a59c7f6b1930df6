import type { Stats } from "node:fs";
import { lstat, readdir, readlink, realpath } from "node:fs/promises";
import { basename, join } from "node:path/posix";
import type { BlockingCalls } from "./blocking.ts";
import { errorText, fileError } from "./errors.ts";
import { absolutePath } from "./path.ts";

/** What a walk comes by. */
export interface WalkEntry {
  readonly path: string;
  /** The path from the root of the walk; `.` for a directory that is the root itself. */
  readonly relative: string;
  /** 0 for the root. */
  readonly depth: number;
  /** Absent when the entry could not be looked at. */
  readonly stats?: Stats;
  /** Where a symbolic link points. */
  readonly link?: string;
  /** What went wrong with this entry. */
  readonly error?: string;
  /** Set when this is the second visit to a directory, after all that is in it. */
  readonly leaving?: true;
}

/** How a walk goes. */
export interface WalkOptions {
  readonly calls: BlockingCalls;
  readonly signal: AbortSignal;
  /** Directories this deep are not entered; all are when absent. */
  readonly maxDepth?: number;
}

interface Level {
  readonly entry: WalkEntry;
  readonly names: readonly string[];
  next: number;
}

/**
 * Visits `root` and all below it by name, not following links; each directory a second time after its
 * content. Holds the names of the directories it is in, nothing else.
 * @throws {ConnectError} when the root itself cannot be looked at.
 */
export async function* walk(root: string, options: WalkOptions): AsyncGenerator<WalkEntry, void> {
  const { calls, signal, maxDepth = Infinity } = options;
  const first = await rootEntry(calls, root);
  yield first;
  const levels: Level[] = [];
  if (isDirectory(first) && maxDepth > 0) yield* enter(first);
  for (let level = levels.at(-1); level && !signal.aborted; level = levels.at(-1)) {
    const name = level.names[level.next++];
    if (name === undefined) {
      levels.pop();
      yield { ...level.entry, leaving: true };
      continue;
    }
    const { path, relative, depth } = level.entry;
    const entry = await look(calls, {
      path: join(path, name),
      relative: join(relative, name),
      depth: depth + 1,
    });
    yield entry;
    if (!isDirectory(entry)) continue;
    if (entry.depth < maxDepth) yield* enter(entry);
    else yield { ...entry, leaving: true };
  }

  async function* enter(entry: WalkEntry): AsyncGenerator<WalkEntry, void> {
    let names: string[] = [];
    try {
      names = await calls.run(`list "${entry.path}"`, () => readdir(entry.path));
    } catch (error) {
      const { path, relative, depth } = entry;
      yield { path, relative, depth, error: errorText("list", path, error) };
    }
    levels.push({ entry, names: names.sort(), next: 0 });
  }
}

async function rootEntry(calls: BlockingCalls, root: string): Promise<WalkEntry> {
  const wanted = absolutePath("list", root || "/");
  try {
    const path = await calls.run(`list "${root}"`, () => realpath(wanted));
    const stats = await calls.run(`list "${root}"`, () => lstat(path));
    return { path, relative: stats.isDirectory() ? "." : basename(path), depth: 0, stats };
  } catch (error) {
    throw fileError("list", root, error);
  }
}

async function look(
  calls: BlockingCalls,
  where: { path: string; relative: string; depth: number },
): Promise<WalkEntry> {
  const { path } = where;
  try {
    const stats = await calls.run(`look at "${path}"`, () => lstat(path));
    if (!stats.isSymbolicLink()) return { ...where, stats };
    return { ...where, stats, link: await calls.run(`look at "${path}"`, () => readlink(path)) };
  } catch (error) {
    return { ...where, error: errorText("look at", path, error) };
  }
}

function isDirectory(entry: WalkEntry): boolean {
  return entry.stats?.isDirectory() ?? false;
}
