/** ASN.1 values as DER (ITU-T X.690): each function gives one value with its tag and length. */
import { concat } from "../verity.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

function value(tag: number, content: Uint8Array): Bytes {
  const { length } = content;
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) digits.unshift(rest & 0xff);
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 | digits.length, ...digits];
  return concat([new Uint8Array(head), content]);
}

export function sequence(...parts: readonly Uint8Array[]): Bytes {
  return value(TAG.sequence, concat(parts));
}

/** A set, whose values DER wants in the order of their bytes. */
export function set(...parts: readonly Uint8Array[]): Bytes {
  return value(TAG.set, concat(parts.toSorted((a, b) => a.toHex() < b.toHex() ? -1 : 1)));
}

/** A small whole number, or one as its bytes. */
export function integer(number: number | Uint8Array): Bytes {
  return value(TAG.integer, typeof number === "number" ? new Uint8Array([number]) : number);
}

export function octetString(bytes: Uint8Array): Bytes {
  return value(TAG.octetString, bytes);
}

/** A bit string without a bit in it. */
export function noBits(): Bytes {
  return value(TAG.bitString, new Uint8Array([0]));
}

export function nothing(): Bytes {
  return value(TAG.null, new Uint8Array());
}

/** An object identifier, e.g. `2.16.840.1.101.3.4.2.1`. */
export function oid(text: string): Bytes {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const digits = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | left & 0x7f);
    return digits;
  });
  return value(TAG.oid, new Uint8Array(bytes));
}

/** A value behind a tag of the context; what is `explicit` keeps its own tag inside. */
export function tagged(
  number: number,
  content: Uint8Array,
  { explicit }: { readonly explicit: boolean },
): Bytes {
  return value((explicit ? 0xa0 : 0x80) | number, content);
}
