import type { Example, Field, ObjectNode, SchemaNode } from "../schema/builder.ts";
import { document, type RawConfig } from "../schema/document.ts";
import { blockScalar, inlineScalar } from "./scalar.ts";

/** What is written besides the values. */
export interface EncodeOptions {
  /** The first line of each field's documentation; on by default. */
  readonly comments?: boolean;
  /** Absent fields that have examples, commented out. */
  readonly examples?: boolean;
}

/** A comment on a line longer than this would be out of sight. */
const LONG_VALUE = 120;

/** A configuration as YAML, with documentation as comments. */
export function encodeConfig(config: RawConfig, options: EncodeOptions = {}): string {
  const lines = objectLines(document, config as Record<string, unknown>, {
    comments: options.comments ?? true,
    examples: options.examples ?? false,
  });
  return `${lines.join("\n")}\n`;
}

/** One field of any object as it would stand in a file: for documentation. */
export function encodeExample(key: string, field: Field, example: Example): string {
  const lines = fieldLines(key, field, example.value, { comments: false, examples: false });
  return `${lines.join("\n")}\n`;
}

type Options = Required<EncodeOptions>;
type Values = Readonly<Record<string, unknown>>;

function objectLines(schema: ObjectNode, values: Values, options: Options): string[] {
  const lines: string[] = [];
  for (const [key, field] of Object.entries(schema.fields)) {
    const value = values[key];
    if (value !== undefined) lines.push(...fieldLines(key, field, value, options));
  }
  if (options.examples) lines.push(...hints(schema, values));
  return lines;
}

/** The fields that are not set, commented out, each under what it is about. */
function hints(schema: ObjectNode, values: Values): string[] {
  const lines: string[] = [];
  for (const [key, field] of Object.entries(schema.fields)) {
    const examples = field.examples ?? [];
    if (values[key] !== undefined || examples.length === 0) continue;
    lines.push("", `# # ${summary(field)}`);
    if (examples.some((example) => example.name)) lines.push("");
    for (const example of examples) {
      if (example.name) lines.push(`# # ${example.name}`);
      const shown = fieldLines(key, field, example.value, { comments: true, examples: false });
      // The field's own comment is said already, above.
      const body = shown[0]?.startsWith("# ") ? shown.slice(1) : stripSummary(shown, field);
      lines.push(...body.map((line) => (line === "" ? "#" : `# ${line}`)));
    }
  }
  return lines;
}

function stripSummary(lines: string[], field: Field): string[] {
  const [first = "", ...rest] = lines;
  const comment = ` # ${summary(field)}`;
  return [first.endsWith(comment) ? first.slice(0, -comment.length) : first, ...rest];
}

function fieldLines(key: string, field: Field, value: unknown, options: Options): string[] {
  const name = inlineScalar(key);
  const comment = options.comments ? summary(field) : "";
  const { node } = field;
  if (node.kind === "scalar") {
    const written = node.scalar.write(value);
    const block = typeof written === "string" ? blockScalar(written) : undefined;
    if (block) {
      return [...head(comment), `${name}: ${block.header}`, ...indent(block.lines)];
    }
    return [withComment(`${name}: ${inlineScalar(written)}`, comment)];
  }
  const body = nodeLines(node, value, options);
  if (typeof body === "string") {
    if (node.kind === "object" && options.examples) {
      const shown = hints(node, {}).slice(1);
      if (shown.length > 0) return [...head(comment), `${name}: ${body}`, ...indent(shown)];
    }
    return [withComment(`${name}: ${body}`, comment)];
  }
  return [...head(comment), `${name}:`, ...indent(body)];
}

/** The lines of a value below its key, or what stands on the key's own line when it is empty. */
function nodeLines(node: SchemaNode, value: unknown, options: Options): string[] | string {
  switch (node.kind) {
    case "scalar": {
      const written = node.scalar.write(value);
      return inlineScalar(written);
    }
    case "list": {
      const items = value as readonly unknown[];
      if (items.length === 0) return "[]";
      return items.flatMap((item) => itemLines(node.item, item, options));
    }
    case "map": {
      const entries = Object.entries(value as Values);
      if (entries.length === 0) return "{}";
      return entries.flatMap(([key, item]) => entryLines(key, node.value, item, options));
    }
    case "object": {
      const set = Object.values(value as Values).some((item) => item !== undefined);
      return set ? objectLines(node, value as Values, options) : "{}";
    }
  }
}

function itemLines(node: SchemaNode, item: unknown, options: Options): string[] {
  const body = nodeLines(node, item, options);
  if (typeof body === "string") return [`- ${body}`];
  const [first = "", ...rest] = body;
  return [`- ${first}`, ...rest.map((line) => (line === "" ? "" : `  ${line}`))];
}

function entryLines(key: string, node: SchemaNode, item: unknown, options: Options): string[] {
  const name = inlineScalar(key);
  if (node.kind === "scalar") {
    const written = node.scalar.write(item);
    const block = typeof written === "string" ? blockScalar(written) : undefined;
    if (block) return [`${name}: ${block.header}`, ...indent(block.lines)];
  }
  const body = nodeLines(node, item, options);
  return typeof body === "string" ? [`${name}: ${body}`] : [`${name}:`, ...indent(body)];
}

function head(comment: string): string[] {
  return comment === "" ? [] : [`# ${comment}`];
}

function withComment(line: string, comment: string): string {
  return comment === "" || line.length > LONG_VALUE ? line : `${line} # ${comment}`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? "" : `    ${line}`));
}

/** The first line of what is said about a field. */
export function summary(field: Field): string {
  return field.doc.split("\n", 1)[0] ?? "";
}
