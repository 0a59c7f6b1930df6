import { StateError } from "./state_error.ts";

/** Objects that frozenCopy made: they never change, so they need no second copy. */
const ours = new WeakSet<object>();

/**
 * A deeply frozen copy of plain data; undefined fields go. What a state holds is thus shared by all
 * readers at no cost, and nobody can change it behind the state's back.
 *
 * @throws {StateError} invalid, for anything but primitives, arrays and plain objects
 */
export function frozenCopy<T>(value: T): T {
  return copy(value, 0) as T;
}

/**
 * `derive` with a memory of what came of specs: what a state holds never changes, so nothing else comes
 * of it later. Forgets with the spec; has no memory of values that are not of a state.
 */
export function oncePerSpec<S extends object, T>(derive: (spec: S) => T): (spec: S) => T {
  const known = new WeakMap<S, { readonly value: T }>();
  return (spec) => {
    const found = known.get(spec) ?? { value: derive(spec) };
    if (ours.has(spec)) known.set(spec, found);
    return found.value;
  };
}

/** Deeper than any sane spec, and far above the stack's limit. */
const MAX_DEPTH = 200;

function copy(value: unknown, depth: number): unknown {
  if (typeof value === "function" || typeof value === "symbol") throw notPlain(typeof value);
  if (typeof value !== "object" || value === null || ours.has(value)) return value;
  if (depth > MAX_DEPTH) {
    throw new StateError("invalid", `Cannot keep spec: nested more than ${MAX_DEPTH} deep`);
  }
  const made = Array.isArray(value)
    ? value.map((item) => copy(item, depth + 1))
    : copyObject(value, depth);
  ours.add(Object.freeze(made));
  return made;
}

function copyObject(value: object, depth: number): Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw notPlain(value.constructor.name);
  const made: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined) continue;
    const frozen = copy(field, depth + 1);
    // An assignment to "__proto__" would set the prototype instead of a field.
    if (key === "__proto__") Object.defineProperty(made, key, { value: frozen, enumerable: true });
    else made[key] = frozen;
  }
  return made;
}

function notPlain(name: string): StateError {
  return new StateError("invalid", `Cannot keep spec: ${name} is not plain data`);
}

/** Whether two pieces of plain data say the same; the order of an object's fields does not count. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length &&
      a.every((item, index) => sameValue(item, b[index]));
  }
  const fields = Object.entries(a);
  if (fields.length !== Object.keys(b).length) return false;
  return fields.every(([key, value]) =>
    Object.hasOwn(b, key) && sameValue(value, (b as Record<string, unknown>)[key])
  );
}
