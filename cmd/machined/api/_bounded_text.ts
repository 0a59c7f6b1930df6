/**
 * Room for an error's text on the wire. It travels as a header, percent-encoded: HTTP/2 stacks, Deno's
 * among them, break the connection at 64 KiB of headers.
 */
const LIMIT_BYTES = 24_000;
/** A line longer than this is cut: what matters stands at its start. */
const LINE_CHARACTERS = 500;

const encoder = new TextEncoder();

/** As many whole lines of `text`, from the top, as an error may carry, and how many are left out. */
export function boundedText(text: string): string {
  const lines = text.split("\n");
  const kept: string[] = [];
  let room = LIMIT_BYTES;
  for (const line of lines) {
    const short = line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}...` : line;
    room -= wireBytes(short) + 3;
    if (room < 0) return [...kept, `... and ${lines.length - kept.length} more lines`].join("\n");
    kept.push(short);
  }
  return kept.join("\n");
}

/** Bytes of `text` once percent-encoded: one for printable ASCII, else three for each of UTF-8. */
function wireBytes(text: string): number {
  let bytes = 0;
  for (const byte of encoder.encode(text)) bytes += byte >= 0x20 && byte < 0x7f ? 1 : 3;
  return bytes;
}
