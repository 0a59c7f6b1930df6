import type { Path } from "../finding.ts";
import type { Field, SchemaNode } from "../schema/builder.ts";
import { document, type RawConfig } from "../schema/document.ts";

/** What stands in the place of a secret. */
export const REDACTED = "******";

/** A configuration without its keys, tokens and passwords: for logs, diffs and bundles. */
export function redactConfig(config: RawConfig): RawConfig {
  return replaceSecrets(config, () => REDACTED);
}

/** A copy in which each secret text, where it is not empty, is replaced by what `instead` gives. */
export function replaceSecrets(
  config: RawConfig,
  instead: (value: string, path: Path) => string,
): RawConfig {
  return walk(document, config, [], false, instead) as RawConfig;
}

function walk(
  node: SchemaNode,
  value: unknown,
  path: Path,
  secret: boolean,
  instead: (value: string, path: Path) => string,
): unknown {
  if (value === undefined) return undefined;
  switch (node.kind) {
    case "scalar":
      return secret && typeof value === "string" && value !== "" ? instead(value, path) : value;
    case "list":
      return (value as unknown[]).map((item, i) =>
        walk(node.item, item, [...path, i], secret, instead)
      );
    case "map":
      return mapValues(
        value,
        (key, item) => walk(node.value, item, [...path, key], secret, instead),
      );
    case "object": {
      const fields: Readonly<Record<string, Field>> = node.fields;
      return mapValues(value, (key, item) => {
        const field = fields[key];
        if (!field) return item;
        return walk(field.node, item, [...path, key], secret || field.secret === true, instead);
      });
    }
  }
}

function mapValues(value: unknown, change: (key: string, item: unknown) => unknown): unknown {
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>).map(([key, item]) => [key, change(key, item)]),
  );
}
