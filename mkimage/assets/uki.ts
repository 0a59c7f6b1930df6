/** Kernel, initramfs and command line as one EFI program: systemd's stub with sections added to it. */

import { OPTIONAL, peHeaders, SECTION } from "$lib/efi/mod.ts";

/** A section that the stub looks for, e.g. `.linux`. */
export interface UkiSection {
  readonly name: string;
  readonly content: Uint8Array;
}

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
  stub: Uint8Array<ArrayBuffer>,
  sections: readonly UkiSection[],
): Uint8Array<ArrayBuffer> {
  const { view: from, countAt, count, optional, table } = peHeaders(
    stub,
    "make a boot program: the stub",
  );
  const fileStep = from.getUint32(optional + OPTIONAL.fileAlignment, true);
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
  to.setUint16(countAt, count + sections.length, true);
  to.setUint32(optional + OPTIONAL.initializedBytes, initialized + added, true);
  to.setUint32(optional + OPTIONAL.imageBytes, roundUp(address, step), true);
  to.setUint32(optional + OPTIONAL.checksum, 0, true);
  return bytes;
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
