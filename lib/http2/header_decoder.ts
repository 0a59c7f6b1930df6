import { DynamicTable, type Field } from "./dynamic_table.ts";
import type { FieldCollector } from "./headers.ts";
import { huffmanText } from "./huffman.ts";
import { Http2Error } from "./wire.ts";

/** Bytes of the dynamic table that the peer may use: what HTTP/2 starts with. */
const TABLE_BYTES = 4_096;
/** No length or index that means anything is larger. */
const MAX_INTEGER = 0xffffff;

/** Reads the header blocks of one connection, in the order they come: RFC 7541. */
export class HeaderDecoder {
  readonly #table = new DynamicTable(TABLE_BYTES);
  #block = new Uint8Array(0);
  #at = 0;

  /**
   * Hands each field of `block` to `into`.
   *
   * @throws {Http2Error} COMPRESSION_ERROR when the block cannot be read; the connection is lost then
   */
  decode(block: Uint8Array, into: FieldCollector): void {
    this.#block = block as Uint8Array<ArrayBuffer>;
    this.#at = 0;
    let fields = 0;
    while (this.#at < block.length) {
      const byte = block[this.#at] as number;
      if (byte >= 0x80) this.#give(this.#indexed(this.#integer(7)), into);
      else if (byte >= 0x40) {
        const field = this.#literal(6);
        this.#table.add(field);
        this.#give(field, into);
      } else if (byte >= 0x20) {
        if (fields > 0) throw broken("table size changes inside a block");
        this.#resize(this.#integer(5));
        continue;
      } else this.#give(this.#literal(4), into);
      fields++;
    }
  }

  #give([name, value]: Field, into: FieldCollector): void {
    into.add(name, value);
  }

  #resize(bytes: number): void {
    if (bytes > TABLE_BYTES) throw broken("table is larger than allowed");
    this.#table.resize(bytes);
  }

  #indexed(index: number): Field {
    const field = index === 0 ? undefined : this.#table.at(index);
    if (!field) throw broken(`no header field ${index}`);
    return field;
  }

  #literal(prefixBits: number): Field {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#string() : this.#indexed(index)[0];
    return [name, this.#string()];
  }

  #string(): string {
    const huffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const end = this.#at + length;
    if (end > this.#block.length) throw broken("block ends inside a string");
    const bytes = this.#block.subarray(this.#at, end);
    this.#at = end;
    if (huffman) return huffmanText(bytes);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  }

  /** An integer in the low `prefixBits` of the next byte and, when those are full, what follows. */
  #integer(prefixBits: number): number {
    const byte = this.#block[this.#at++];
    if (byte === undefined) throw broken("block ends inside an integer");
    const full = (1 << prefixBits) - 1;
    let value = byte & full;
    if (value < full) return value;
    for (let shift = 0;; shift += 7) {
      const next = this.#block[this.#at++];
      if (next === undefined) throw broken("block ends inside an integer");
      value += (next & 0x7f) * 2 ** shift;
      if (value > MAX_INTEGER || shift > 21) throw broken("integer is too large");
      if (next < 0x80) return value;
    }
  }
}

function broken(why: string): Http2Error {
  return new Http2Error("COMPRESSION_ERROR", why);
}
