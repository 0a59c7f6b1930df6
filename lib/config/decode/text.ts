/** Largest configuration that is read at all. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** Largest configuration that is worth parsing on a loop that has other work: see `parseConfig`. */
export const INLINE_CONFIG_BYTES = 256 * 1024;

/**
 * The text of a configuration: UTF-8, or UTF-16 with a byte order mark. @throws {SyntaxError} when
 * it is neither, is too large, or holds control characters, which YAML forbids.
 */
export function configText(source: string | Uint8Array): string {
  const size = typeof source === "string" ? utf8Bytes(source) : source.byteLength;
  if (size > MAX_CONFIG_BYTES) {
    throw new SyntaxError(
      `Cannot read config: ${size} bytes are more than the limit of ${MAX_CONFIG_BYTES}`,
    );
  }
  const text = typeof source === "string" ? source.replace(/^\uFEFF/, "") : decode(source);
  // deno-lint-ignore no-control-regex -- these are what the check is about
  const control = /[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\uFFFE\uFFFF]/.exec(text);
  if (control) {
    const line = text.slice(0, control.index).split("\n").length;
    const code = control[0].charCodeAt(0).toString(16).padStart(4, "0");
    throw new SyntaxError(`Cannot read config: line ${line} has the control character U+${code}`);
  }
  return text;
}

/** Bytes in UTF-8, without making them; counting stops above the limit. */
function utf8Bytes(text: string): number {
  if (text.length > MAX_CONFIG_BYTES) return text.length;
  return text.length * 3 <= MAX_CONFIG_BYTES ? text.length : new TextEncoder().encode(text).length;
}

function decode(bytes: Uint8Array): string {
  const mark = bytes[0] === 0xFF && bytes[1] === 0xFE
    ? "utf-16le"
    : bytes[0] === 0xFE && bytes[1] === 0xFF
    ? "utf-16be"
    : "utf-8";
  try {
    return new TextDecoder(mark, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SyntaxError(`Cannot read config: not ${mark.toUpperCase()} text`, { cause });
  }
}
