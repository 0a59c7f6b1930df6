import type { Identity } from "$lib/rpc/mod.ts";

/**
 * The identity in a line of configuration, `{"identity":{"ca":PEM,"cert":PEM,"key":PEM}}`.
 * @throws {SyntaxError} that names the missing part and never holds any of the line
 */
export function readIdentity(line: string): Identity {
  const identity = field(parse(line), "identity");
  return { ca: pem(identity, "ca"), cert: pem(identity, "cert"), key: pem(identity, "key") };
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
  if (typeof value === "object" && value !== null && name in value) {
    return (value as Record<string, unknown>)[name];
  }
  throw new SyntaxError(`Cannot read identity: "${name}" is missing`);
}
