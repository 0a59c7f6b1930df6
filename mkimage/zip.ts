import { crc32, deflateRawSync } from "node:zlib";
import { concat } from "./verity.ts";

/** A file of a zip archive. */
export interface ZipFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** 1980-01-01 in the format of FAT, the oldest time a zip can hold. */
const EPOCH_DATE = 0x21;
const DEFLATE = 8;

/** Writes a zip archive; equal files give equal bytes. */
export function zipArchive(files: readonly ZipFile[]): Uint8Array<ArrayBuffer> {
  const locals: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content } of files) {
    const packed = deflateRawSync(content, { level: 9 });
    const fields = [20, 0, DEFLATE, 0, EPOCH_DATE];
    const label = new TextEncoder().encode(name);
    const sizes = [crc32(content), packed.length, content.length];
    const local = record(0x04034b50, fields, sizes, [label.length, 0]);
    central.push(
      record(0x02014b50, [20, ...fields], sizes, [label.length, 0, 0, 0, 0, 0, 0]),
      word(offset),
      label,
    );
    locals.push(local, label, packed);
    offset += local.length + label.length + packed.length;
  }
  const directory = concat(central);
  const end = record(0x06054b50, [0, 0, files.length, files.length], [directory.length, offset], [
    0,
  ]);
  return concat([...locals, directory, end]);
}

function record(
  magic: number,
  first: readonly number[],
  words: readonly number[],
  last: readonly number[],
): Uint8Array {
  const half = (value: number) => Uint8Array.of(value & 0xff, value >> 8);
  return concat([word(magic), ...first.map(half), ...words.map(word), ...last.map(half)]);
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
