import { type Document, isCollection, isMap, type Node } from "yaml";
import { configText } from "../decode/text.ts";
import { findConfig, parseYaml } from "../decode/yaml.ts";
import { multierror } from "../finding.ts";
import { equal, isPlain } from "./equal.ts";
import { applyOperations, type PatchOperation } from "./operations.ts";
import { applySplices, SpliceError, Splicer } from "./splice.ts";

/**
 * The text of a configuration with a patch applied, all of it or none. Only the lines that change
 * are touched: comments and layout of all others stay. @throws {SyntaxError} when it does not apply.
 */
export function applyPatch(source: string, patch: readonly PatchOperation[]): string {
  const text = configText(source);
  const { documents, document } = open(text);
  const before = plainValue(document);
  const after = applyOperations(before, patch);
  if (equal(before, after)) return text;
  return spliced(text, document, after) ?? rewritten(documents, document, after);
}

function open(text: string): {
  documents: readonly Document[];
  document: Document & { contents: Node };
} {
  const { documents, errors } = parseYaml(text);
  if (errors.length > 0) throw new SyntaxError(`Cannot patch config: ${multierror(errors)}`);
  const { document, missing } = findConfig(documents);
  if (!document) throw new SyntaxError(`Cannot patch config: ${missing}`);
  return { documents, document };
}

function plainValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 1_000 });
  } catch (cause) {
    throw new SyntaxError("Cannot patch config: document contains excessive aliasing", { cause });
  }
}

/** The change made line by line, when that leads to exactly what is wanted. */
function spliced(
  text: string,
  document: Document & { contents: Node },
  after: unknown,
): string | undefined {
  try {
    const splicer = new Splicer(text, indentOf(text, document.contents));
    splicer.change(document.contents, document.toJS({ maxAliasCount: 1_000 }), after);
    const result = applySplices(text, splicer.splices);
    return equal(plainValue(open(result).document), after) ? result : undefined;
  } catch (error) {
    if (error instanceof SpliceError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The change made in the parsed document, which keeps comments but not the layout of lines. */
function rewritten(
  documents: readonly Document[],
  document: Document & { contents: Node },
  after: unknown,
): string {
  assign(document, [], document.toJS({ maxAliasCount: 1_000 }), after);
  const indent = 4;
  return documents.map((one, i) => {
    const text = one.toString({ indent, lineWidth: 0 });
    return i > 0 && !text.startsWith("---") ? `---\n${text}` : text;
  }).join("");
}

function assign(
  document: Document,
  path: readonly (string | number)[],
  before: unknown,
  after: unknown,
): void {
  if (equal(before, after)) return;
  if (!isPlain(before) || !isPlain(after) || (path.length > 0 && !isMap(document.getIn(path)))) {
    document.setIn(path, document.createNode(after));
    return;
  }
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) document.deleteIn([...path, key]);
  }
  for (const [key, value] of Object.entries(after)) {
    assign(document, [...path, key], before[key], value);
  }
}

/** How far this file indents: that of the first nested key. */
function indentOf(text: string, contents: Node): number {
  if (!isMap(contents)) return 4;
  for (const { value } of contents.items) {
    if (!isCollection(value) || value.flow || !value.range) continue;
    const start = value.range[0];
    const column = start - (text.lastIndexOf("\n", start - 1) + 1);
    if (column >= 2) return Math.min(column, 8);
  }
  return 4;
}
