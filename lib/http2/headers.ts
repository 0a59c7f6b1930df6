/** Header fields as the rest of a program sees them. */

/** Fields that came, pseudo-fields with their colon; those that came more than once joined by ", ". */
export type HeaderFields = Record<string, string>;

/** Fields to send; an array is a field more than once, undefined none. */
export type OutgoingFields = Record<string, string | readonly string[] | undefined>;

/** Fields that speak of one connection, which HTTP/2 forbids: RFC 9113, section 8.2.2. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

const REQUEST_PSEUDO: ReadonlySet<string> = new Set([
  ":method",
  ":scheme",
  ":path",
  ":authority",
]);
const RESPONSE_PSEUDO: ReadonlySet<string> = new Set([":status"]);
const NO_PSEUDO: ReadonlySet<string> = new Set();

/** What a block of header fields is. */
export type BlockKind = "request" | "response" | "trailers";

const PSEUDO: Record<BlockKind, ReadonlySet<string>> = {
  request: REQUEST_PSEUDO,
  response: RESPONSE_PSEUDO,
  trailers: NO_PSEUDO,
};

/** Lower-case token characters: RFC 9113, section 8.2.1, without what RFC 9110 forbids in names. */
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;

/** Puts the fields of one block together and says whether they are well formed for its kind. */
export class FieldCollector {
  readonly fields: HeaderFields = Object.create(null) as HeaderFields;
  /** Why the block is malformed, if it is. */
  fault: string | undefined;
  /** Names, values and 32 for each field, which is how their limit is counted. */
  bytes = 0;
  #regular = false;

  constructor(readonly kind: BlockKind, readonly limitBytes: number) {}

  /** Whether the block is larger than is kept: its later fields are left out. */
  get overflowed(): boolean {
    return this.bytes > this.limitBytes;
  }

  /** Takes the next field. */
  add(name: string, sent: string): void {
    this.bytes += name.length + sent.length + 32;
    if (this.overflowed || this.fault !== undefined) return;
    // HTTP/2 forbids space around values, gRPC lets a server strip it, and clients do send it.
    const value = name[0] === ":" ? sent : stripped(sent);
    this.fault = this.#faultOf(name, value);
    if (this.fault !== undefined) return;
    const before = this.fields[name];
    this.fields[name] = before === undefined ? value : `${before}, ${value}`;
  }

  #faultOf(name: string, value: string): string | undefined {
    if (!NAME.test(name)) return "a name is malformed";
    if (BAD_VALUE.test(value)) return "a value is malformed";
    if (name[0] !== ":") {
      this.#regular = true;
      if (CONNECTION_FIELDS.has(name)) return `${name} is not for HTTP/2`;
      return name === "te" && value !== "trailers" ? "te is not trailers" : undefined;
    }
    if (this.#regular) return "a pseudo-field comes late";
    if (!PSEUDO[this.kind].has(name)) return "a pseudo-field is unknown";
    return this.fields[name] === undefined ? undefined : "a pseudo-field comes twice";
  }

  /** Whether all that such a block must have is there. */
  complete(): string | undefined {
    if (this.fault !== undefined) return this.fault;
    const { fields } = this;
    if (this.kind === "response") {
      return /^[1-9]\d\d$/.test(fields[":status"] ?? "") ? undefined : ":status is missing";
    }
    if (this.kind === "trailers") return undefined;
    if (!fields[":method"] || !fields[":scheme"] || !fields[":path"]) {
      return "a pseudo-field is missing";
    }
    return undefined;
  }
}

function stripped(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(value.charCodeAt(start))) start++;
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--;
  return end - start === value.length ? value : value.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
