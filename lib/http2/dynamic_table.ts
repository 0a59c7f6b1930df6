import { STATIC_TABLE } from "./static_table.ts";

/** What an entry costs beside its name and value: RFC 7541, section 4.1. */
const ENTRY_OVERHEAD = 32;
/** Places of evicted entries that are kept until it is worth to move the others. */
const SLACK = 256;

/** One header field. */
export type Field = readonly [name: string, value: string];

/** The header fields that both ends of a connection remember. Each gets a number, from 1 on. */
export class DynamicTable {
  /** Oldest first; those before `#head` are evicted. */
  readonly #fields: Field[] = [];
  #head = 0;
  /** Fields that came before those in the array. */
  #before = 0;
  #bytes = 0;
  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are remembered at most. */
  get limit(): number {
    return this.#limit;
  }

  /** The number of the newest field. */
  get newest(): number {
    return this.#before + this.#fields.length;
  }

  /** Whether the field with this number is remembered. */
  holds(number: number): boolean {
    return number > this.#before + this.#head;
  }

  /** The field at `index` of both tables, counted from 1; undefined when there is none. */
  at(index: number): Field | undefined {
    if (index <= STATIC_TABLE.length) return STATIC_TABLE[index - 1];
    const at = this.#fields.length - (index - STATIC_TABLE.length);
    return at >= this.#head ? this.#fields[at] : undefined;
  }

  /** Changes how many bytes are remembered. */
  resize(limit: number): void {
    this.#limit = limit;
    this.#evict();
  }

  /** Remembers a field; one that is larger than the table only empties it. */
  add(field: Field): void {
    this.#fields.push(field);
    this.#bytes += sizeOf(field);
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#limit) this.#bytes -= sizeOf(this.#fields[this.#head++] as Field);
    if (this.#head < SLACK) return;
    this.#fields.splice(0, this.#head);
    this.#before += this.#head;
    this.#head = 0;
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}
