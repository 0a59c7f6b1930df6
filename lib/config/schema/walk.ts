import type { Field, ObjectNode, SchemaNode } from "./builder.ts";
import { document } from "./document.ts";

/** A field and where it is: `machine.network.interfaces[].cidr`, `machine.env.<name>`. */
export interface SchemaPath {
  readonly path: string;
  readonly key: string;
  readonly field: Field;
}

/** Every field of the document, parents before children, in the order in which they are written. */
export function* schemaPaths(
  node: SchemaNode = document,
  path: string = "",
): Generator<SchemaPath> {
  switch (node.kind) {
    case "scalar":
      return;
    case "list":
      return yield* schemaPaths(node.item, `${path}[]`);
    case "map":
      return yield* schemaPaths(node.value, `${path}.<${node.key}>`);
    case "object":
      for (const [key, field] of Object.entries(node.fields)) {
        const below = path === "" ? key : `${path}.${key}`;
        yield { path: below, key, field };
        yield* schemaPaths(field.node, below);
      }
  }
}

/** Every kind of object of the document once, with all places where it stands. */
export function schemaObjects(): Map<ObjectNode, string[]> {
  const found = new Map<ObjectNode, string[]>();
  const add = (node: SchemaNode, path: string): void => {
    if (node.kind === "list") return add(node.item, `${path}[]`);
    if (node.kind === "map") return add(node.value, `${path}.<${node.key}>`);
    if (node.kind !== "object") return;
    const places = found.get(node) ?? [];
    found.set(node, places);
    places.push(path);
    for (const [key, field] of Object.entries(node.fields)) {
      add(field.node, path === "" ? key : `${path}.${key}`);
    }
  };
  add(document, "");
  return found;
}
