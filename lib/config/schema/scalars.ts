/**
 * The kinds of single values in a configuration: how their YAML spelling is read and written.
 * Reading follows the rules 0.9 files were written for: any plain scalar may stand for text,
 * `yes` and `on` are truths, `0666` and `0o666` are octal, durations are Go durations.
 *
 * @module
 */

import { formatDuration, parseDuration } from "./duration.ts";

/** A YAML scalar as it stands in the file. */
export interface ScalarText {
  readonly text: string;
  /** Without quotes and not a block: numbers and truths are only read from plain scalars. */
  readonly plain: boolean;
}

/** How one kind of value is read, written and described. */
export interface ScalarType<T = unknown> {
  /** Name in messages and documentation. */
  readonly name: string;
  /** What an absent or null scalar reads as. */
  readonly zero: T;
  /** The value, or `undefined` when the text does not spell one. */
  read(scalar: ScalarText): T | undefined;
  /** The value as it is written to YAML: a string (quoted as needed), number or truth. */
  write(value: T): string | number | boolean | RawScalar;
  /** The JSON Schema of the written form. */
  readonly jsonSchema: Readonly<Record<string, unknown>>;
}

/** A written form that stands for itself and takes no quotes, such as `0o644`. */
export interface RawScalar {
  readonly raw: string;
}

/** Any text; numbers and truths are taken as they are spelled. */
export const text: ScalarType<string> = {
  name: "string",
  zero: "",
  read: ({ text }) => text,
  write: (value) => value,
  jsonSchema: { type: ["string", "number", "boolean"] },
};

const TRUE = new Set(["true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"]);
const FALSE = new Set(["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"]);

/** Truth in the spellings of YAML 1.1 and 1.2. */
export const bool: ScalarType<boolean> = {
  name: "bool",
  zero: false,
  read: ({ text, plain }) => {
    if (!plain) return undefined;
    return TRUE.has(text) ? true : FALSE.has(text) ? false : undefined;
  },
  write: (value) => value,
  jsonSchema: { type: "boolean" },
};

/** The number a plain scalar spells: decimal, `0x`, `0o`, `0b` or with a leading zero octal. */
export function readInteger(spelled: string): number | undefined {
  const [, sign = "", digits = ""] = /^([-+]?)(.*)$/s.exec(spelled.replaceAll("_", "")) ?? [];
  const magnitude = /^0[xX][0-9a-fA-F]+$|^0[oO][0-7]+$|^0[bB][01]+$/.test(digits)
    ? Number(digits)
    : /^0[0-7]+$/.test(digits)
    ? parseInt(digits, 8)
    : /^\d+(\.0+)?$/.test(digits)
    ? Number(digits)
    : undefined;
  if (magnitude === undefined || !Number.isSafeInteger(magnitude)) return undefined;
  return sign === "-" && magnitude !== 0 ? -magnitude : magnitude;
}

/** A whole number between `min` and `max`. */
export function integer(
  name: string,
  min: number,
  max: number,
): ScalarType<number> {
  return {
    name,
    zero: 0,
    read: ({ text, plain }) => {
      const value = plain ? readInteger(text) : undefined;
      return value !== undefined && value >= min && value <= max ? value : undefined;
    },
    write: (value) => value,
    jsonSchema: { type: "integer", minimum: min, maximum: max },
  };
}

/** A signed number of 32 bits, as small as the largest port or MTU needs and more. */
export const int = integer("int", -2147483648, 2147483647);
/** An unsigned number of 8 bits. */
export const uint8 = integer("uint8", 0, 255);
/** An unsigned number of 16 bits. */
export const uint16 = integer("uint16", 0, 65535);
/** An unsigned number of 32 bits. */
export const uint32 = integer("uint32", 0, 4294967295);

/** A Go duration such as `1h30m`, in milliseconds. */
export const duration: ScalarType<number> = {
  name: "duration",
  zero: 0,
  read: ({ text }) => parseDuration(text),
  write: (value) => formatDuration(value),
  jsonSchema: { type: "string", pattern: "^([-+]?([0-9.]+(ns|us|µs|ms|s|m|h))+|0)$" },
};

/** Base64 of UTF-8 text (PEM blocks), decoded. */
export const base64: ScalarType<string> = {
  name: "base64",
  zero: "",
  read: ({ text }) => {
    const packed = text.replace(/[\r\n]/g, "");
    if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return undefined;
    return new TextDecoder().decode(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)));
  },
  write: (value) => {
    let binary = "";
    for (const byte of new TextEncoder().encode(value)) binary += String.fromCharCode(byte);
    return btoa(binary);
  },
  jsonSchema: { type: "string", pattern: "^[A-Za-z0-9+/\\s]*={0,2}$" },
};

/** File permissions, written in octal. */
export const fileMode: ScalarType<number> = {
  ...integer("file mode", 0, 0o7777),
  write: (value) => ({ raw: `0o${value.toString(8).padStart(3, "0")}` }),
  jsonSchema: {
    anyOf: [{ type: "integer", minimum: 0 }, { type: "string", pattern: "^0o?[0-7]+$" }],
  },
};

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  p: 1e15,
  pb: 1e15,
  ki: 2 ** 10,
  kib: 2 ** 10,
  mi: 2 ** 20,
  mib: 2 ** 20,
  gi: 2 ** 30,
  gib: 2 ** 30,
  ti: 2 ** 40,
  tib: 2 ** 40,
  pi: 2 ** 50,
  pib: 2 ** 50,
};

/** The bytes that a size spells: `1073741824` or `100 MB`, `4 GiB`. */
export function readBytes(spelled: string): number | undefined {
  const [, number, unit = ""] = /^\s*([\d,]+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$/.exec(spelled) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  if (number === undefined || factor === undefined) return undefined;
  const bytes = Math.trunc(Number(number.replaceAll(",", "")) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A number of bytes, with a unit or without. */
export const diskSize: ScalarType<number> = {
  name: "size",
  zero: 0,
  read: ({ text }) => readBytes(text),
  write: (value) => value,
  jsonSchema: {
    anyOf: [
      { type: "integer", minimum: 0 },
      { type: "string", pattern: "^\\s*[0-9.,]+\\s*[a-zA-Z]*\\s*$" },
    ],
  },
};
