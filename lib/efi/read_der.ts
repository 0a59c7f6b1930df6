/** ASN.1 values in DER (ITU-T X.690), to be read. */

/** What stands behind the tag and the length of a value, and where the next one starts. */
export function open(bytes: Uint8Array, at = 0): { readonly content: Uint8Array; end: number } {
  const first = bytes[at + 1] ?? 0;
  const digits = first < 0x80 ? 0 : first & 0x7f;
  let length = digits === 0 ? first : 0;
  for (let i = 0; i < digits; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0);
  const start = at + 2 + digits;
  const end = start + length;
  if (at + 2 > bytes.length || end > bytes.length) {
    throw new SyntaxError("Cannot read DER: a value is cut short");
  }
  return { content: bytes.subarray(start, end), end };
}
