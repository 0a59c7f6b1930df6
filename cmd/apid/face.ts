import type { Identity } from "$lib/rpc/mod.ts";

/** What apid shows to the outside: its node's API, the one of maintenance mode, or nothing. */
export type Face =
  | { readonly kind: "node" | "maintenance"; readonly identity: Identity }
  | { readonly kind: "closed" };

/**
 * The face in a line of configuration: `{"identity":{"ca":PEM,"cert":PEM,"key":PEM}}`, the same below
 * `maintenance`, or `{"maintenance":null}` to end that.
 * @throws {SyntaxError} that names the missing part and never holds any of the line
 */
export function readFace(line: string): Face {
  const value = parse(line);
  if (!isObject(value) || !("maintenance" in value)) {
    return { kind: "node", identity: identityOf(field(value, "identity")) };
  }
  if (value.maintenance === null) return { kind: "closed" };
  return { kind: "maintenance", identity: identityOf(value.maintenance) };
}

function identityOf(value: unknown): Identity {
  return { ca: pem(value, "ca"), cert: pem(value, "cert"), key: pem(value, "key") };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The parser's own message quotes what it read, and that may be a key.
    throw new SyntaxError("Cannot read identity: the line is not JSON");
  }
}

function pem(identity: unknown, name: string): string {
  const value = field(identity, name);
  if (typeof value === "string" && value.includes("-----BEGIN ")) return value;
  throw new SyntaxError(`Cannot read identity: "${name}" is not PEM`);
}

function field(value: unknown, name: string): unknown {
  if (isObject(value) && name in value) return value[name];
  throw new SyntaxError(`Cannot read identity: "${name}" is missing`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
