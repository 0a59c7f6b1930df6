/** Readers of single fields of the settings; each throws a TypeError that names its field. */

/** An object with `key`, or none when there is no value. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { [P in K]?: V };
}

function fault(field: string, kind: string): TypeError {
  return new TypeError(`Cannot read ${field} of the network settings: it is no ${kind}`);
}

/** An object. @throws {TypeError} */
export function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw fault(field, "object");
  }
  return value as Record<string, unknown>;
}

/** A list, empty when absent. @throws {TypeError} */
export function list(value: unknown, field: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw fault(field, "list");
  return value;
}

/** A list of texts, empty when absent. @throws {TypeError} */
export function texts(value: unknown, field: string): string[] {
  return list(value, field).map((item) => {
    if (typeof item !== "string") throw fault(field, "list of texts");
    return item;
  });
}

/** A text. @throws {TypeError} */
export function text(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw fault(field, "text");
  return value;
}

/** A truth value. @throws {TypeError} */
export function flag(value: unknown, field: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw fault(field, "truth value");
  return value;
}

/** A number that the kernel takes. @throws {TypeError} */
export function number(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw fault(field, "number from 0 to 4294967295");
  }
  return value;
}
