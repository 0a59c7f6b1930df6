/**
 * Strings and pointers for C. A pointer made here is good only while its buffer is referenced.
 *
 * @module
 */

const encoder = new TextEncoder();

/** `text` as NUL-terminated bytes. @throws {TypeError} when it holds a NUL, which C would cut at. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new TypeError(`Cannot pass text to C: it holds a NUL byte`);
  return encoder.encode(`${text}\0`);
}

/** The text of `bytes` up to its first NUL, or all of it. */
export function textUntilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** The address of `buffer`, for a pointer inside a struct. */
export function addressOf(buffer: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer));
}

/** A `char *const x[]`: pass `vector` while the whole object is referenced. */
export class StringVector {
  /** Addresses of the strings, closed by NULL. */
  readonly vector: BigUint64Array<ArrayBuffer>;
  /** The strings one after the other; held so that the addresses stay good. */
  readonly arena: Uint8Array<ArrayBuffer>;

  constructor(texts: readonly string[]) {
    const strings = texts.map(cString);
    this.arena = new Uint8Array(Math.max(1, strings.reduce((sum, s) => sum + s.length, 0)));
    this.vector = new BigUint64Array(texts.length + 1);
    const base = addressOf(this.arena);
    let offset = 0;
    strings.forEach((string, i) => {
      this.arena.set(string, offset);
      this.vector[i] = base + BigInt(offset);
      offset += string.length;
    });
  }
}

/** `env` as the `NAME=value` strings that execve takes. */
export function environmentStrings(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

const kept: { last: readonly object[] } = { last: [] };

/** Call after a C call with what its structs pointed at: until here none of it is collected. */
export function keepAlive(...objects: object[]): void {
  // A store that outlives the call is what no optimizer takes away.
  kept.last = objects;
}
