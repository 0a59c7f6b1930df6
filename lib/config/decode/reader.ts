import { type Alias, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from "yaml";
import { type Finding, formatPath, type Path, shorten } from "../finding.ts";
import type { Field, ObjectNode, SchemaNode } from "../schema/builder.ts";
import type { ScalarText, ScalarType } from "../schema/scalars.ts";
import { suggest } from "./suggest.ts";
import { keyText } from "./yaml.ts";

/** Findings beyond this many are counted, not kept. */
const MAX_FINDINGS = 500;
/** Values that may be read through aliases: what a file of "billion laughs" is stopped by. */
const MAX_ALIASED = 5_000;

interface Entry {
  readonly key: Node;
  readonly value: unknown;
}

/** Reads YAML nodes by a schema into plain values, and notes all that does not fit. */
export class Reader {
  readonly errors: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly #aliases: ReadonlyMap<Alias, Node>;
  readonly #lines: LineCounter;
  #insideAlias = 0;
  #aliased = 0;

  constructor(source: { aliases: ReadonlyMap<Alias, Node>; lines: LineCounter }) {
    this.#aliases = source.aliases;
    this.#lines = source.lines;
  }

  /** The value of `yaml` by `schema`; what cannot be read is noted and stands at its zero. */
  read(schema: SchemaNode, yaml: unknown, path: Path): unknown {
    if (isAlias(yaml)) {
      this.#insideAlias++;
      try {
        return this.read(schema, this.#aliases.get(yaml), path);
      } finally {
        this.#insideAlias--;
      }
    }
    if (this.#insideAlias > 0 && ++this.#aliased > MAX_ALIASED) {
      if (this.#aliased === MAX_ALIASED + 1) {
        this.#error(path, yaml, "document contains excessive aliasing");
      }
      return zeroOf(schema);
    }
    if (isNull(yaml)) return zeroOf(schema);
    switch (schema.kind) {
      case "scalar":
        return this.#scalar(schema.scalar, yaml, path, false);
      case "list":
        return this.#list(schema.item, yaml, path);
      case "map":
        return this.#map(schema.value, yaml, path);
      case "object":
        return this.#object(schema, yaml, path);
    }
  }

  #scalar(type: ScalarType, yaml: unknown, path: Path, secret: boolean): unknown {
    if (!isScalar(yaml)) return this.#mismatch(`expected ${type.name}`, yaml, path, type.zero);
    const scalar = scalarText(yaml);
    const value = type.read(scalar);
    if (value !== undefined) return value;
    // A value that may be key material is never repeated in a message.
    const got = secret || type.name === "base64"
      ? ""
      : `, got ${JSON.stringify(shorten(scalar.text))}`;
    this.#error(path, yaml, `${formatPath(path)}: expected ${type.name}${got}`);
    return type.zero;
  }

  #list(item: SchemaNode, yaml: unknown, path: Path): unknown[] {
    if (!isSeq(yaml)) return this.#mismatch("expected a list", yaml, path, []);
    return yaml.items.map((entry, i) => this.read(item, entry, [...path, i]));
  }

  #map(value: SchemaNode, yaml: unknown, path: Path): Record<string, unknown> {
    const entries = this.#entries(yaml, path);
    if (!entries) return {};
    // fromEntries defines own properties, so that a key `__proto__` is a key like any other.
    return Object.fromEntries(
      [...entries].map(([key, entry]) => [key, this.read(value, entry.value, [...path, key])]),
    );
  }

  #object(schema: ObjectNode, yaml: unknown, path: Path): unknown {
    const entries = this.#entries(yaml, path);
    if (!entries) return zeroOf(schema);
    const known = Object.keys(schema.fields);
    for (const [key, entry] of entries) {
      if (Object.hasOwn(schema.fields, key)) continue;
      const meant = this.warnings.length < 100 ? suggest(key, known) : undefined;
      const hint = meant ? ` (did you mean "${meant}"?)` : "";
      this.#warn([...path, key], entry.key, `unknown key "${formatPath([...path, key])}"${hint}`);
    }
    const result: [string, unknown][] = [];
    for (const [key, field] of Object.entries(schema.fields)) {
      const entry = entries.get(key);
      const value = entry && !isNull(entry.value)
        ? this.#field(field, entry.value, [...path, key])
        : field.always
        ? zeroOf(field.node)
        : undefined;
      if (value !== undefined) result.push([key, value]);
    }
    return Object.fromEntries(result);
  }

  #field(field: Field, yaml: unknown, path: Path): unknown {
    if (field.secret && field.node.kind === "scalar" && isScalar(yaml)) {
      return this.#scalar(field.node.scalar, yaml, path, true);
    }
    return this.read(field.node, yaml, path);
  }

  /** The keys of a mapping, merge keys included; a key given twice is an error. */
  #entries(yaml: unknown, path: Path): Map<string, Entry> | undefined {
    if (!isMap<Node, unknown>(yaml)) {
      return this.#mismatch("expected a mapping", yaml, path, undefined);
    }
    const entries = new Map<string, Entry>();
    const merged: unknown[] = [];
    for (const { key: keyNode, value } of yaml.items) {
      const key = keyText(isAlias(keyNode) ? this.#aliases.get(keyNode) : keyNode);
      if (key === undefined) {
        this.#error(path, keyNode, `${formatPath(path)}: expected a text as key`);
      } else if (key === "<<" && isScalar(keyNode) && keyNode.type === "PLAIN") {
        merged.push(value);
      } else if (entries.has(key)) {
        const first = this.#place(entries.get(key)?.key);
        const name = JSON.stringify(shorten(key));
        const where = first.line === undefined ? "" : ` at line ${first.line}`;
        this.#error([...path, key], keyNode, `mapping key ${name} already defined${where}`);
      } else {
        entries.set(key, { key: keyNode, value });
      }
    }
    for (const source of merged) this.#merge(source, entries);
    return entries;
  }

  /** Adds what `<<` brings: keys that are there already win. */
  #merge(source: unknown, into: Map<string, Entry>): void {
    const sources = isSeq(source) ? source.items : [source];
    for (const one of sources) {
      const target = isAlias(one) ? this.#aliases.get(one) : one;
      if (!isMap<Node, unknown>(target)) continue;
      for (const { key: keyNode, value } of target.items) {
        if (++this.#aliased > MAX_ALIASED) return;
        const key = keyText(keyNode);
        if (key !== undefined && key !== "<<" && !into.has(key)) {
          into.set(key, { key: keyNode, value });
        }
      }
    }
  }

  #mismatch<T>(expected: string, yaml: unknown, path: Path, zero: T): T {
    const got = isMap(yaml) ? "a mapping" : isSeq(yaml) ? "a list" : "a single value";
    const where = path.length === 0 ? "config" : formatPath(path);
    this.#error(path, yaml, `${where}: ${expected}, got ${got}`);
    return zero;
  }

  #place(yaml: unknown): { line?: number; column?: number } {
    const range = (yaml as { range?: readonly number[] } | undefined)?.range;
    if (!range) return {};
    const { line, col } = this.#lines.linePos(range[0] ?? 0);
    return { line, column: col };
  }

  #error(path: Path, yaml: unknown, message: string): void {
    if (this.errors.length < MAX_FINDINGS) {
      this.errors.push({ path, message, ...this.#place(yaml) });
    }
  }

  #warn(path: Path, yaml: unknown, message: string): void {
    if (this.warnings.length < MAX_FINDINGS) {
      this.warnings.push({ path, message, ...this.#place(yaml) });
    }
  }
}

/** What a node reads as when it is absent but always there. */
export function zeroOf(schema: SchemaNode): unknown {
  switch (schema.kind) {
    case "scalar":
      return schema.scalar.zero;
    case "list":
      return [];
    case "map":
      return {};
    case "object":
      return Object.fromEntries(
        Object.entries(schema.fields)
          .filter(([, field]) => field.always)
          .map(([key, field]) => [key, zeroOf(field.node)]),
      );
  }
}

function isNull(yaml: unknown): boolean {
  if (yaml === null || yaml === undefined) return true;
  return isScalar(yaml) && yaml.value === null && yaml.type === "PLAIN";
}

const TYPED_TAG = /^tag:yaml\.org,2002:(int|float|bool|null)$/;

function scalarText(
  yaml: { source?: string; value: unknown; type?: string; tag?: string },
): ScalarText {
  const text = yaml.source ?? String(yaml.value ?? "");
  if (yaml.tag !== undefined) return { text, plain: TYPED_TAG.test(yaml.tag) };
  return { text, plain: yaml.type === "PLAIN" };
}
