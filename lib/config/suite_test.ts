import assert from "node:assert/strict";
import { isAlias, isMap, isSeq, type Node } from "yaml";
import { keyText, resolveAliases } from "./decode/yaml.ts";
import { encodeConfig } from "./encode/encode.ts";
import type { Finding } from "./finding.ts";
import { parseConfig } from "./parse.ts";
import type { SchemaNode } from "./schema/builder.ts";
import { document } from "./schema/document.ts";
import { schemaPaths } from "./schema/walk.ts";
import { type SuiteFile, suiteFiles } from "./testdata/suite.ts";
import { RULES } from "./validate/rules.ts";

const valid = await suiteFiles("valid");
const invalid = await suiteFiles("invalid");

for (const file of valid) {
  Deno.test(`parseConfig() loads valid/${file.name} and encodeConfig() keeps all it says`, () => {
    assert.deepEqual(file.verdict.errors, []);
    assert.equal(file.report, file.expected);
    const { config } = file.parsed;
    assert.ok(config);
    for (const comments of [true, false]) {
      const again = parseConfig(encodeConfig(config, { comments, examples: comments }));
      assert.deepEqual(again.errors, []);
      assert.deepEqual(again.config, config);
    }
  });
}

for (const file of invalid) {
  Deno.test(`validateConfig() says of invalid/${file.name} what stands beside it`, () => {
    assert.notEqual(file.expected, "", "no expectation beside the file");
    assert.equal(file.report, file.expected);
    assert.ok(file.verdict.errors.length > 0);
  });
}

Deno.test("the suite has thirty files of each kind", () => {
  assert.ok(valid.length >= 30, `${valid.length} valid`);
  assert.ok(invalid.length >= 30, `${invalid.length} invalid`);
});

/** Every field of 0.9, listed apart from the schema: one that the schema forgot would be missed by both. */
const FIELDS = (await Deno.readTextFile(new URL("./testdata/fields_of_0_9.txt", import.meta.url)))
  .trimEnd().split("\n");

Deno.test("the schema has the fields of 0.9, and no other", () => {
  assert.ok(FIELDS.length > 150);
  assert.deepEqual([...schemaPaths()].map(({ path }) => path).sort(), FIELDS.toSorted());
});

for (const [kind, files] of [["a valid", valid], ["an invalid", invalid]] as const) {
  Deno.test(`the suite uses every field in ${kind} file`, () => {
    const used = new Set(files.filter(({ parsed }) => parsed.document).flatMap(usedPaths));
    assert.deepEqual(FIELDS.filter((path) => !used.has(path)), []);
  });
}

Deno.test("the suite breaks every rule, and the type of every field", () => {
  const broken = new Set(invalid.flatMap(({ verdict }) => verdict.errors.map(schemaPath)));
  const ruled = RULES.flatMap(({ says }) => Object.keys(says));
  const missing = [...ruled, ...FIELDS].filter((path) => !broken.has(path));
  assert.deepEqual([...new Set(missing)], []);
});

/** The path of a finding with positions and free keys as the schema writes them. */
function schemaPath({ path }: Finding): string {
  let node: SchemaNode = document;
  let text = "";
  for (const part of path) {
    if (node.kind === "list") {
      node = node.item;
      text += "[]";
    } else if (node.kind === "map") {
      text += `.<${node.key}>`;
      node = node.value;
    } else if (node.kind === "object") {
      const field: { node: SchemaNode } | undefined = node.fields[String(part)];
      if (!field) return `${text}.${part}`;
      text += text === "" ? part : `.${part}`;
      node = field.node;
    }
  }
  // A rule about a list or a mapping may point at one of its entries.
  return node.kind === "scalar" && /(\[\]|\.<[a-z]+>)$/.test(text)
    ? text.replace(/(\[\]|\.<[a-z]+>)$/, "")
    : text;
}

/** The paths of the schema that a file's text sets. */
function usedPaths({ parsed }: SuiteFile): string[] {
  const { document: yaml, lines } = parsed;
  assert.ok(yaml && lines);
  const { aliases } = resolveAliases(yaml, lines);
  const paths: string[] = [];
  const visit = (schema: SchemaNode, value: unknown, path: string): void => {
    const node = isAlias(value) ? aliases.get(value) : value as Node;
    if (schema.kind === "list" && isSeq(node)) {
      for (const item of node.items) visit(schema.item, item, `${path}[]`);
    } else if (schema.kind === "map" && isMap(node)) {
      for (const { value } of node.items) visit(schema.value, value, `${path}.<${schema.key}>`);
    } else if (schema.kind === "object" && isMap(node)) {
      for (const { key, value } of node.items) {
        const field = schema.fields[keyText(key) ?? ""];
        if (!field) continue;
        const below = path === "" ? `${keyText(key)}` : `${path}.${keyText(key)}`;
        paths.push(below);
        visit(field.node, value, below);
      }
    }
  };
  visit(document, yaml.contents, "");
  return paths;
}
