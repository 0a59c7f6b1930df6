import type { Field, ObjectNode, SchemaNode } from "../schema/builder.ts";
import { document } from "../schema/document.ts";
import { schemaObjects } from "../schema/walk.ts";

type Json = Readonly<Record<string, unknown>>;

/** The JSON Schema of the document, for editors: completion, descriptions and typing mistakes. */
export function jsonSchema(): Json {
  const definitions = [...schemaObjects().keys()].filter((node) => node !== document);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "v1alpha1 machine configuration",
    ...objectSchema(document),
    required: ["version", "machine", "cluster"],
    $defs: Object.fromEntries(definitions.map((node) => [node.name, objectSchema(node)])),
  };
}

function objectSchema(node: ObjectNode): Json {
  return {
    type: "object",
    description: node.doc,
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(node.fields).map(([key, field]) => [key, fieldSchema(field)]),
    ),
  };
}

function fieldSchema(field: Field): Json {
  const fallback = field.default === undefined ? "" : `\nDefault: ${field.default}.`;
  return {
    description: field.doc + fallback,
    ...nodeSchema(field.node),
    ...(field.values && field.node.kind === "scalar" ? { examples: field.values } : {}),
  };
}

function nodeSchema(node: SchemaNode): Json {
  switch (node.kind) {
    case "scalar":
      return node.scalar.jsonSchema;
    case "list":
      return { type: "array", items: nodeSchema(node.item) };
    case "map":
      return { type: "object", additionalProperties: nodeSchema(node.value) };
    case "object":
      return { $ref: `#/$defs/${node.name}` };
  }
}
