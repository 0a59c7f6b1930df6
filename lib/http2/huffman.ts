/** The Huffman code of header strings: RFC 7541, appendix B. */
import { Http2Error } from "./wire.ts";

/**
 * Bits of the code of each octet. The code is canonical: codes of one length follow each other in the
 * order of their octets, so lengths are all there is to know. The end-of-string symbol, 30 ones, never
 * is part of a string.
 */
// deno-fmt-ignore
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];
const LONGEST = 30;

/** The first code of each length, and the octets in the order of their codes, by length. */
const FIRST = new Uint32Array(LONGEST + 2);
const OCTETS: readonly number[][] = Array.from({ length: LONGEST + 1 }, () => []);
LENGTHS.forEach((length, octet) => OCTETS[length]?.push(octet));
for (let length = 1; length <= LONGEST; length++) {
  FIRST[length + 1] = ((FIRST[length] ?? 0) + (OCTETS[length]?.length ?? 0)) * 2;
}

/**
 * The text in Huffman-coded `bytes`, each octet as one character.
 *
 * @throws {Http2Error} for a code that there is not, or padding that is not the ones that end a string
 */
export function huffmanText(bytes: Uint8Array): string {
  let text = "";
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + (byte >> bit & 1);
      if (++length > LONGEST) throw new Http2Error("COMPRESSION_ERROR", "unknown Huffman code");
      const octet = OCTETS[length]?.[code - (FIRST[length] ?? 0)];
      if (octet === undefined) continue;
      text += String.fromCharCode(octet);
      code = length = 0;
    }
  }
  if (length > 7 || code !== 2 ** length - 1) {
    throw new Http2Error("COMPRESSION_ERROR", "bad Huffman padding");
  }
  return text;
}
