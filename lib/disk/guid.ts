/** GUIDs as partition tables keep them: the first three groups little endian, the others as written. */

/** Bytes in one. */
export const GUID_BYTES = 16;

/** Where the byte lies that stands at each place of the text. */
const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;
const TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The bytes of a GUID. @throws {SyntaxError} when the text is none */
export function encodeGuid(text: string): Uint8Array<ArrayBuffer> {
  if (!TEXT.test(text)) throw new SyntaxError(`Cannot read "${text}" as a GUID`);
  const written = Uint8Array.fromHex(text.replaceAll("-", ""));
  const bytes = new Uint8Array(GUID_BYTES);
  for (const [place, at] of ORDER.entries()) bytes[at] = written[place]!;
  return bytes;
}

/** The text of the GUID in the first 16 bytes, in small letters. */
export function decodeGuid(bytes: Uint8Array): string {
  const hex = Uint8Array.from(ORDER, (at) => bytes[at] ?? 0).toHex();
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
