/** The log file of a pod's container: its end, and what is added, also after it was rotated. */
import { type Clock, systemClock } from "$lib/service/mod.ts";

const CHUNK_BYTES = 32 * 1024;
/** How often a followed file is looked at, milliseconds. */
const POLL_MS = 250;
const LINE_FEED = 10;

/** What of a log is wanted. */
export interface LogRange {
  /** The last lines; all when negative. */
  readonly lines: number;
  readonly follow: boolean;
}

/**
 * Yields the bytes of the log at `path`. Followed, it goes on with what is added until `signal` is
 * aborted; a file that takes the place of a rotated one is read from its start.
 */
export async function* readLogFile(
  path: string,
  { lines, follow }: LogRange,
  signal: AbortSignal,
  clock: Clock = systemClock,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let file = await openLog(path);
  try {
    const { size } = await file.stat();
    await file.seek(lines < 0 ? 0 : await lastLines(file, size, lines), Deno.SeekMode.Start);
    while (!signal.aborted) {
      yield* rest(file);
      if (!follow) return;
      const next = await successor(path, file);
      if (!next) {
        await clock.sleep(POLL_MS, signal);
        continue;
      }
      // What came between the last read and the rotation.
      yield* rest(file);
      file.close();
      file = next;
    }
  } finally {
    file.close();
  }
}

async function openLog(path: string): Promise<Deno.FsFile> {
  const { isFile } = await Deno.stat(path);
  if (!isFile) throw new Error(`Cannot read log "${path}": it is no file`);
  return await Deno.open(path);
}

/** The file now at `path` where it is another one than `file`. */
async function successor(path: string, file: Deno.FsFile): Promise<Deno.FsFile | undefined> {
  const { ino } = await file.stat();
  const now = await Deno.stat(path).catch(() => undefined);
  if (!now?.isFile || now.ino === ino) return undefined;
  return await openLog(path);
}

async function* rest(file: Deno.FsFile): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  for (;;) {
    const buffer = new Uint8Array(CHUNK_BYTES);
    const count = await file.read(buffer);
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}

/** The offset where the last `lines` lines of the first `size` bytes start. */
async function lastLines(file: Deno.FsFile, size: number, lines: number): Promise<number> {
  if (lines === 0) return size;
  let left = lines;
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES);
    await file.seek(start, Deno.SeekMode.Start);
    const count = await file.read(buffer.subarray(0, end - start)) ?? 0;
    for (let at = count - 1; at >= 0; at--) {
      // The line feed that ends the last line starts none.
      if (buffer[at] === LINE_FEED && start + at < size - 1 && --left === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}
