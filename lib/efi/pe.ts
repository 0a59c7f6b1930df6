/** Where things are in an EFI program (Microsoft's PE format, 64 bits). */

/** Offsets in the headers; `pe` in front is where the DOS header points to. */
const DOS = { magic: 0x5a4d, peAt: 0x3c } as const;
const PE = { magic: 0x4550, sections: 6, optionalBytes: 20, optional: 24 } as const;
/** Offsets in the optional header. */
export const OPTIONAL = {
  initializedBytes: 8,
  sectionAlignment: 32,
  fileAlignment: 36,
  imageBytes: 56,
  headerBytes: 60,
  checksum: 64,
  /** Place and length of the signatures, at the end of the file. */
  certificates: 144,
} as const;
/** Offsets in the table of sections. */
export const SECTION = {
  size: 40,
  virtualBytes: 8,
  address: 12,
  fileBytes: 16,
  fileAt: 20,
  flags: 36,
} as const;

/** The headers of a program. */
export interface PeHeaders {
  readonly view: DataView<ArrayBuffer>;
  /** Where the number of sections is. */
  readonly countAt: number;
  /** How many sections there are. */
  readonly count: number;
  /** Where the optional header is. */
  readonly optional: number;
  /** Where the table of sections is. */
  readonly table: number;
}

/**
 * Finds the headers of a program.
 *
 * @throws {SyntaxError} when it is none; `what` says what cannot be done, and calls the program something
 */
export function peHeaders(program: Uint8Array<ArrayBuffer>, what: string): PeHeaders {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const pe = program.length < 64 || view.getUint16(0, true) !== DOS.magic
    ? program.length
    : view.getUint32(DOS.peAt, true);
  if (pe + PE.optional > program.length || view.getUint32(pe, true) !== PE.magic) {
    throw new SyntaxError(`Cannot ${what} is no EFI program`);
  }
  const optional = pe + PE.optional;
  const countAt = pe + PE.sections;
  const count = view.getUint16(countAt, true);
  const table = optional + view.getUint16(pe + PE.optionalBytes, true);
  return { view, countAt, count, optional, table };
}
