/** Kernel, initramfs and command line as one EFI program: systemd's stub with sections added to it. */

/** A section that the stub looks for, e.g. `.linux`. */
export interface UkiSection {
  readonly name: string;
  readonly content: Uint8Array;
}

/** Offsets in the headers of a PE file; `pe` in front is where the DOS header points to. */
const DOS = { magic: 0x5a4d, peAt: 0x3c } as const;
const PE = { magic: 0x4550, sections: 6, optionalBytes: 20, optional: 24 } as const;
/** Offsets in the optional header. */
const OPTIONAL = {
  initializedBytes: 8,
  sectionAlignment: 32,
  fileAlignment: 36,
  imageBytes: 56,
  headerBytes: 60,
  checksum: 64,
} as const;
const SECTION = { size: 40, virtualBytes: 8, address: 12, fileBytes: 16, fileAt: 20, flags: 36 };
/** Initialized data that can be read. */
const FLAGS = 0x4000_0040;
/** Pages of memory: where the stub expects its parts to start. */
const PAGE = 4096;

/**
 * An EFI program that boots what is in `sections`.
 *
 * @throws {SyntaxError} when `stub` is no EFI program
 * @throws {RangeError} when its headers have no room for so many sections
 */
export function makeUki(
  stub: Uint8Array,
  sections: readonly UkiSection[],
): Uint8Array<ArrayBuffer> {
  const from = new DataView(stub.buffer, stub.byteOffset, stub.byteLength);
  const pe = stub.length < 64 || from.getUint16(0, true) !== DOS.magic
    ? stub.length
    : from.getUint32(DOS.peAt, true);
  if (pe + PE.optional > stub.length || from.getUint32(pe, true) !== PE.magic) {
    throw new SyntaxError("Cannot make a boot program: the stub is no EFI program");
  }
  const optional = pe + PE.optional;
  const fileStep = from.getUint32(optional + OPTIONAL.fileAlignment, true);
  const count = from.getUint16(pe + PE.sections, true);
  const table = optional + from.getUint16(pe + PE.optionalBytes, true);
  const tableEnd = table + (count + sections.length) * SECTION.size;
  if (tableEnd > from.getUint32(optional + OPTIONAL.headerBytes, true)) {
    throw new RangeError(
      `Cannot make a boot program: the stub has no room for ${sections.length} sections`,
    );
  }
  let address = from.getUint32(optional + OPTIONAL.imageBytes, true);
  // Behind the sections are symbols that nothing asks for when it runs.
  let fileAt = 0;
  for (let i = 0; i < count; i++) {
    const at = table + i * SECTION.size;
    const end = from.getUint32(at + SECTION.fileAt, true) +
      from.getUint32(at + SECTION.fileBytes, true);
    fileAt = Math.max(fileAt, end);
  }
  const placed = sections.map(({ name, content }) => {
    address = roundUp(address, PAGE);
    const place = { name, content, address, fileAt, fileBytes: roundUp(content.length, fileStep) };
    address += content.length;
    fileAt += place.fileBytes;
    return place;
  });
  const bytes = new Uint8Array(fileAt);
  bytes.set(stub.subarray(0, placed[0]?.fileAt ?? fileAt));
  const to = new DataView(bytes.buffer);
  for (const [i, { name, content, address, fileAt, fileBytes }] of placed.entries()) {
    const at = table + (count + i) * SECTION.size;
    bytes.fill(0, at, at + SECTION.size);
    bytes.set(new TextEncoder().encode(name).subarray(0, 8), at);
    to.setUint32(at + SECTION.virtualBytes, content.length, true);
    to.setUint32(at + SECTION.address, address, true);
    to.setUint32(at + SECTION.fileBytes, fileBytes, true);
    to.setUint32(at + SECTION.fileAt, fileAt, true);
    to.setUint32(at + SECTION.flags, FLAGS, true);
    bytes.set(content, fileAt);
  }
  const added = placed.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  const initialized = from.getUint32(optional + OPTIONAL.initializedBytes, true);
  const step = from.getUint32(optional + OPTIONAL.sectionAlignment, true);
  to.setUint16(pe + PE.sections, count + sections.length, true);
  to.setUint32(optional + OPTIONAL.initializedBytes, initialized + added, true);
  to.setUint32(optional + OPTIONAL.imageBytes, roundUp(address, step), true);
  to.setUint32(optional + OPTIONAL.checksum, 0, true);
  return bytes;
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
