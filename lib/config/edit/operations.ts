import { JSONPatch } from "json-p3";
import { parseDocument } from "yaml";

/** One step of an RFC 6902 patch. */
export interface PatchOperation {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

const OPERATIONS = ["add", "remove", "replace", "move", "copy", "test"];

/** A patch written as JSON or YAML. @throws {SyntaxError} that names what is not as it should be. */
export function parsePatch(text: string): PatchOperation[] {
  const document = parseDocument(text, { uniqueKeys: false, logLevel: "silent" });
  const [cause] = document.errors;
  if (cause) throw new SyntaxError("Cannot read patch: neither JSON nor YAML", { cause });
  const steps: unknown = document.toJS({ maxAliasCount: 1_000 });
  if (!Array.isArray(steps)) throw new SyntaxError("Cannot read patch: not a list of operations");
  return steps.map(checkStep);
}

function checkStep(step: unknown, i: number): PatchOperation {
  const fault = (what: string) => new SyntaxError(`Cannot read patch: operation ${i} ${what}`);
  if (typeof step !== "object" || step === null) throw fault("is not a mapping");
  const { op, path, from } = step as Record<string, unknown>;
  if (typeof op !== "string" || !OPERATIONS.includes(op)) {
    throw fault(`has "op": ${JSON.stringify(op)}, expected one of ${OPERATIONS.join(", ")}`);
  }
  if (typeof path !== "string" || !/^(\/|$)/.test(path)) throw fault('has no "path"');
  if ((op === "move" || op === "copy") && typeof from !== "string") throw fault('has no "from"');
  if (["add", "replace", "test"].includes(op) && !Object.hasOwn(step, "value")) {
    throw fault('has no "value"');
  }
  return step as PatchOperation;
}

/** The value after all steps, or no change at all. @throws {SyntaxError} when a step does not fit. */
export function applyOperations(value: unknown, patch: readonly PatchOperation[]): unknown {
  try {
    // A step that fails leaves the earlier ones applied: so it is done on a copy.
    return new JSONPatch(patch as never).apply(structuredClone(value) as never);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SyntaxError(`Cannot apply patch: ${reason}`, { cause });
  }
}
