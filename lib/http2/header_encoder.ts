import { ByteWriter } from "./byte_writer.ts";
import { DynamicTable, type Field } from "./dynamic_table.ts";
import type { OutgoingFields } from "./headers.ts";
import { STATIC_TABLE } from "./static_table.ts";

/** Bytes of the dynamic table that are used at most, whatever the peer allows. */
const TABLE_BYTES = 4_096;

/** Fields whose values hardly come twice. */
const NOT_INDEXED: ReadonlySet<string> = new Set([
  "content-length",
  "grpc-message",
  "grpc-status-details-bin",
  "grpc-timeout",
]);
/** Fields whose values are secrets: they are told nobody may index them either. */
const NEVER_INDEXED: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "set-cookie",
  "token",
]);

const STATIC_FIELDS = new Map<string, number>();
const STATIC_NAMES = new Map<string, number>();
STATIC_TABLE.forEach(([name, value], i) => {
  STATIC_FIELDS.set(keyOf(name, value), i + 1);
  if (!STATIC_NAMES.has(name)) STATIC_NAMES.set(name, i + 1);
});

const BAD = /[\0\r\n]/;

/** Writes the header blocks of one connection, in the order they are sent: RFC 7541. */
export class HeaderEncoder {
  readonly #table = new DynamicTable(TABLE_BYTES);
  /** Numbers of the fields in the table. */
  readonly #numbers = new Map<string, number>();
  readonly #out = new ByteWriter(256);
  #resized = false;

  /** Follows the peer's SETTINGS_HEADER_TABLE_SIZE. */
  resize(bytes: number): void {
    const limit = Math.min(bytes, TABLE_BYTES);
    if (limit === this.#table.limit) return;
    this.#table.resize(limit);
    this.#resized = true;
  }

  /**
   * The block of `fields`, pseudo-fields first. It must be sent: the peer's table follows it.
   *
   * @throws {TypeError} for a value that would break out of its field
   */
  block(fields: OutgoingFields): Uint8Array {
    for (const name in fields) check(name, fields[name]);
    const out = this.#out;
    if (this.#resized) {
      this.#resized = false;
      integer(out, 0x20, 5, this.#table.limit);
    }
    for (const name in fields) if (name[0] === ":") this.#each(name, fields[name]);
    for (const name in fields) if (name[0] !== ":") this.#each(name, fields[name]);
    return out.take();
  }

  #each(name: string, value: OutgoingFields[string]): void {
    if (value === undefined) return;
    if (typeof value === "string") return this.#field([name, value]);
    for (const one of value) this.#field([name, one]);
  }

  #field(field: Field): void {
    const out = this.#out;
    const [name, value] = field;
    const key = keyOf(name, value);
    const index = STATIC_FIELDS.get(key) ?? this.#dynamicIndex(key);
    if (index !== undefined) return integer(out, 0x80, 7, index);
    if (NEVER_INDEXED.has(name)) literal(out, 0x10, 4, field);
    else if (NOT_INDEXED.has(name) || this.#table.limit === 0) literal(out, 0, 4, field);
    else {
      literal(out, 0x40, 6, field);
      this.#remember(key, field);
    }
  }

  #dynamicIndex(key: string): number | undefined {
    const number = this.#numbers.get(key);
    if (number === undefined) return undefined;
    if (this.#table.holds(number)) return STATIC_TABLE.length + 1 + this.#table.newest - number;
    this.#numbers.delete(key);
    return undefined;
  }

  #remember(key: string, field: Field): void {
    this.#table.add(field);
    if (!this.#table.holds(this.#table.newest)) return;
    this.#numbers.set(key, this.#table.newest);
    // What was evicted is found when it is looked for; what never is looked for again goes here.
    if (this.#numbers.size <= 2 * TABLE_BYTES / 32) return;
    for (const [old, number] of this.#numbers) {
      if (!this.#table.holds(number)) this.#numbers.delete(old);
    }
  }
}

function check(name: string, value: OutgoingFields[string]): void {
  const texts = typeof value === "string" ? [value] : value ?? [];
  for (const text of texts) {
    if (BAD.test(text)) {
      throw new TypeError(`Cannot send header "${name}": its value has a line end`);
    }
  }
}

function keyOf(name: string, value: string): string {
  return `${name}\0${value}`;
}

/** A field with its value spelled out, and its name too where no table has it. */
function literal(out: ByteWriter, pattern: number, prefixBits: number, [name, value]: Field): void {
  const index = STATIC_NAMES.get(name) ?? 0;
  integer(out, pattern, prefixBits, index);
  if (index === 0) string(out, name);
  string(out, value);
}

function string(out: ByteWriter, text: string): void {
  integer(out, 0, 7, text.length);
  out.latin1(text);
}

function integer(out: ByteWriter, pattern: number, prefixBits: number, value: number): void {
  const full = (1 << prefixBits) - 1;
  if (value < full) return out.byte(pattern | value);
  out.byte(pattern | full);
  let rest = value - full;
  for (; rest >= 0x80; rest >>>= 7) out.byte((rest & 0x7f) | 0x80);
  out.byte(rest);
}
