/** One entry of an initramfs, owned by root. Directories have to come before what is in them. */
export type CpioEntry =
  | { readonly type: "directory"; readonly path: string; readonly mode: number }
  | { readonly type: "symlink"; readonly path: string; readonly target: string }
  | {
    readonly type: "device";
    readonly path: string;
    readonly mode: number;
    readonly device: Device;
  }
  | {
    readonly type: "file";
    readonly path: string;
    readonly mode: number;
    readonly content: Uint8Array<ArrayBuffer>;
  };

/** Numbers of a character device. */
export interface Device {
  readonly major: number;
  readonly minor: number;
}

const FILE_TYPES = { directory: 0o040000, file: 0o100000, symlink: 0o120000, device: 0o020000 };

/**
 * Writes entries as a cpio archive of the `newc` kind. Inodes count up from one and every time is
 * `mtimeSeconds`, so equal entries give equal bytes.
 */
export function* cpioArchive(
  entries: Iterable<CpioEntry>,
  mtimeSeconds: number,
): Generator<Uint8Array<ArrayBuffer>> {
  let inode = 1;
  for (const entry of entries) {
    const content = contentOf(entry);
    const mode = FILE_TYPES[entry.type] | (entry.type === "symlink" ? 0o777 : entry.mode);
    const device = entry.type === "device" ? entry.device : { major: 0, minor: 0 };
    yield header(entry.path.replace(/^\//, ""), {
      inode: inode++,
      mode,
      mtimeSeconds,
      sizeBytes: content.length,
      device,
    });
    yield content;
    yield padding(content.length);
  }
  yield header("TRAILER!!!", {
    inode: 0,
    mode: 0,
    mtimeSeconds: 0,
    sizeBytes: 0,
    device: { major: 0, minor: 0 },
  });
}

function contentOf(entry: CpioEntry): Uint8Array<ArrayBuffer> {
  if (entry.type === "file") return entry.content;
  return new TextEncoder().encode(entry.type === "symlink" ? entry.target : "");
}

interface Header {
  readonly inode: number;
  readonly mode: number;
  readonly mtimeSeconds: number;
  readonly sizeBytes: number;
  readonly device: Device;
}

function header(path: string, fields: Header): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path + "\0");
  const numbers = [
    ...[fields.inode, fields.mode, 0, 0, 1, fields.mtimeSeconds, fields.sizeBytes, 0, 0],
    ...[fields.device.major, fields.device.minor, name.length, 0],
  ];
  const text = "070701" + numbers.map((value) => value.toString(16).padStart(8, "0")).join("");
  const bytes = new Uint8Array(text.length + name.length + padLength(text.length + name.length));
  bytes.set(new TextEncoder().encode(text));
  bytes.set(name, text.length);
  return bytes;
}

function padding(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(padLength(length));
}

function padLength(length: number): number {
  return (4 - length % 4) % 4;
}

/**
 * Reads a `newc` archive: the entries up to the trailer; returns where the archive ends.
 * @throws {SyntaxError} when it is malformed.
 */
export function* readCpio(bytes: Uint8Array<ArrayBuffer>): Generator<CpioEntry, number> {
  let at = 0;
  const field = (index: number) => {
    const from = at + 6 + index * 8;
    return parseInt(new TextDecoder().decode(bytes.subarray(from, from + 8)), 16);
  };
  for (;;) {
    const magic = new TextDecoder().decode(bytes.subarray(at, at + 6));
    if (magic !== "070701") throw new SyntaxError(`Cannot read cpio: no header at byte ${at}`);
    const [mode, size, nameLength] = [field(1), field(6), field(11)];
    const device = { major: field(9), minor: field(10) };
    const nameEnd = at + 110 + nameLength;
    const path = "/" + new TextDecoder().decode(bytes.subarray(at + 110, nameEnd - 1));
    const start = nameEnd + padLength(110 + nameLength);
    if (path === "/TRAILER!!!") return start;
    if (start + size > bytes.length) throw new SyntaxError(`Cannot read cpio: ${path} is cut off`);
    const content = bytes.subarray(start, start + size);
    at = start + size + padLength(size);
    const kind = mode & 0o170000;
    if (kind === FILE_TYPES.directory) yield { type: "directory", path, mode: mode & 0o7777 };
    else if (kind === FILE_TYPES.file) yield { type: "file", path, mode: mode & 0o7777, content };
    else if (kind === FILE_TYPES.symlink) {
      yield { type: "symlink", path, target: new TextDecoder().decode(content) };
    } else if (kind === FILE_TYPES.device) {
      yield { type: "device", path, mode: mode & 0o7777, device };
    } else throw new SyntaxError(`Cannot read cpio: ${path} is of no known kind`);
  }
}
