import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readFile, readlink, realpath } from "node:fs/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { type MountInfo, parseMountinfo } from "$lib/procfs/mod.ts";
import type { BlockingCalls } from "./blocking.ts";
import { fileError } from "./errors.ts";
import { absolutePath } from "./path.ts";
import { isUnsized, refusal } from "./policy.ts";

const CHUNK_BYTES = 64 * 1024;

// Without O_NONBLOCK a FIFO that takes the place of the file between stat and open would hang us.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW |
  constants.O_NOCTTY;

/** A regular file open for reading. */
export interface OpenFile {
  readonly stats: Stats;
  /** Whether the size in `stats` says nothing about the content. */
  readonly unsized: boolean;
  /** The content in new buffers of up to 64 KiB. */
  chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void>;
  /** Closes the file once a read under way is over; further calls do nothing. */
  close(): void;
}

/** What a walk knows of a file already: no part of its path is a link. */
export interface KnownFile {
  readonly stats: Stats;
  readonly mounts: readonly MountInfo[];
}

/**
 * Opens the regular file that `path` leads to.
 * @throws {ConnectError} when it is no regular file, is refused by name, or does not answer in time.
 */
export async function openRegular(
  calls: BlockingCalls,
  path: string,
  known?: KnownFile,
): Promise<OpenFile> {
  const wanted = absolutePath("read", path);
  const what = `read "${path}"`;
  try {
    const real = known ? wanted : await calls.run(what, () => realpath(wanted));
    const mounts = known?.mounts ?? await mountTable(calls);
    const before = known?.stats ?? await calls.run(what, () => lstat(real));
    mustBeReadable(path, real, before, mounts);
    const handle = await calls.run(what, () => open(real, OPEN_FLAGS), closeQuietly);
    try {
      return await checkOpened({ calls, path, handle, before, mounts });
    } catch (error) {
      closeQuietly(handle);
      throw error;
    }
  } catch (error) {
    throw fileError("read", path, error);
  }
}

/** What is mounted now. */
export async function mountTable(calls: BlockingCalls): Promise<MountInfo[]> {
  const table = "/proc/self/mountinfo";
  return parseMountinfo(await calls.run(`read "${table}"`, () => readFile(table, "utf8")));
}

/** Looks again at what was opened: the path may lead somewhere else than a moment before. */
async function checkOpened(
  { calls, path, handle, before, mounts }: {
    calls: BlockingCalls;
    path: string;
    handle: FileHandle;
    before: Stats;
    mounts: readonly MountInfo[];
  },
): Promise<OpenFile> {
  const what = `read "${path}"`;
  const stats = await calls.run(what, () => handle.stat());
  const real = await calls.run(what, () => readlink(`/proc/self/fd/${handle.fd}`));
  mustBeReadable(path, real, stats, mounts);
  if (stats.dev !== before.dev || stats.ino !== before.ino) {
    throw new ConnectError(`Cannot ${what}: it was replaced meanwhile`, Code.Aborted);
  }
  return new RegularFile({ calls, path, handle, stats, unsized: isUnsized(real, mounts) });
}

function mustBeReadable(
  path: string,
  real: string,
  stats: Stats,
  mounts: readonly MountInfo[],
): void {
  const fault = stats.isFile()
    ? refusal(real, mounts)
    : `it is ${kindOf(stats)}, not a regular file`;
  if (fault) throw new ConnectError(`Cannot read "${path}": ${fault}`, Code.InvalidArgument);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a named pipe";
  if (stats.isSocket()) return "a socket";
  if (stats.isSymbolicLink()) return "a symbolic link";
  return "a device";
}

class RegularFile implements OpenFile {
  readonly stats: Stats;
  readonly unsized: boolean;
  readonly #parts: { calls: BlockingCalls; path: string; handle: FileHandle };
  #reading = false;
  #closing = false;
  #closed = false;

  constructor(
    { stats, unsized, ...parts }: {
      calls: BlockingCalls;
      path: string;
      handle: FileHandle;
      stats: Stats;
      unsized: boolean;
    },
  ) {
    this.stats = stats;
    this.unsized = unsized;
    this.#parts = parts;
  }

  async *chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    for (;;) {
      const bytes = await this.#read();
      if (bytes.length === 0) return;
      yield bytes;
    }
  }

  close(): void {
    this.#closing = true;
    // A descriptor closed under a read could be another file's by the time the kernel looks at it.
    if (this.#reading || this.#closed) return;
    this.#closed = true;
    closeQuietly(this.#parts.handle);
  }

  async #read(): Promise<Uint8Array<ArrayBuffer>> {
    const { calls, path, handle } = this.#parts;
    if (this.#closing) return new Uint8Array(0);
    const buffer = new Uint8Array(CHUNK_BYTES);
    this.#reading = true;
    const reading = () =>
      handle.read(buffer, 0, CHUNK_BYTES, null).finally(() => {
        this.#reading = false;
        if (this.#closing) this.close();
      });
    try {
      const { bytesRead } = await calls.run(`read "${path}"`, reading);
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      throw fileError("read", path, error);
    }
  }
}

function closeQuietly(handle: FileHandle): void {
  handle.close().catch(() => {});
}
