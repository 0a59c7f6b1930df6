/** Bytes that can be read and written in place: a disk, a partition, or the file of one. */
import { type FileHandle, open } from "node:fs/promises";

/** A disk as far as its tables and records need it. */
export interface Medium {
  /** What messages call it, e.g. /dev/vda. */
  readonly name: string;
  readonly sizeBytes: number;
  /** What the device counts addresses in. */
  readonly sectorBytes: number;
  /** `length` bytes from `offset`. @throws {Error} when the medium ends before */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Comes back once everything written is there to stay. */
  flush(): Promise<void>;
}

/** What a path does not say by itself. */
export interface MediumOptions {
  readonly writable?: boolean;
  /** The size of a block device, which a file knows by itself. */
  readonly sizeBytes?: number;
  /** 512 unless told. */
  readonly sectorBytes?: number;
}

/** Opens the disk, partition or file at `path`. @throws {Error} when there is none, or it is not ours */
export async function openMedium(
  path: string,
  { writable = false, sizeBytes, sectorBytes = 512 }: MediumOptions = {},
): Promise<Medium & AsyncDisposable> {
  const file = await open(path, writable ? "r+" : "r");
  return {
    name: path,
    sectorBytes,
    sizeBytes: sizeBytes ?? (await file.stat()).size,
    read: (offset, length) => readAt(file, path, offset, length),
    write: (offset, bytes) => writeAt(file, offset, bytes),
    flush: () => file.sync(),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function readAt(
  file: FileHandle,
  name: string,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) {
      throw new Error(`Cannot read ${length} bytes at ${offset} of ${name}: it ends before`);
    }
    done += bytesRead;
  }
  return bytes;
}

async function writeAt(file: FileHandle, offset: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}
