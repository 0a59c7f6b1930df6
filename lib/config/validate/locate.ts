import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type LineCounter } from "yaml";
import { keyText } from "../decode/yaml.ts";
import type { Path } from "../finding.ts";

/** Line and column of what stands at `path`, or of the nearest thing above it that is there. */
export function locate(
  document: Document,
  lines: LineCounter,
  path: Path,
): { readonly line: number; readonly column: number } {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    const next = child(node, part);
    if (!next) break;
    node = next.node;
    offset = next.offset ?? offset;
  }
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function child(
  node: unknown,
  part: string | number,
): { node: unknown; offset: number | undefined } | undefined {
  if (typeof part === "number") {
    if (!isSeq(node) || part >= node.items.length) return undefined;
    const item = node.items[part];
    return { node: item, offset: offsetOf(item) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => keyText(item.key) === part);
  if (!pair) return undefined;
  // A single value is pointed at; what is larger is found by its key.
  const place = isScalar(pair.value) ? offsetOf(pair.value) : offsetOf(pair.key);
  return { node: pair.value, offset: place };
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
