import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { keyText } from "../decode/yaml.ts";
import { equal, isPlain, type Plain } from "./equal.ts";

/** A stretch of text and what takes its place. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A change that cannot be made by replacing lines; the caller writes the document anew. */
export class SpliceError extends Error {}

/** The text with all splices made; they may come in any order but not overlap. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const ordered = [...splices].sort((a, b) => a.start - b.start || a.end - b.end);
  let result = "";
  let at = 0;
  for (const { start, end, text: replacement } of ordered) {
    if (start < at) throw new SpliceError("overlapping changes");
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return result + text.slice(at);
}

/** Finds the fewest lines to replace so that a YAML node turns from one value into another. */
export class Splicer {
  readonly splices: Splice[] = [];
  readonly #text: string;
  readonly #step: number;

  constructor(text: string, indent: number) {
    this.#text = text;
    this.#step = indent;
  }

  /** Notes the changes below a block mapping or sequence. */
  change(node: Node, before: unknown, after: unknown): void {
    if (isMap(node) && !node.flow && isPlain(before) && isPlain(after)) {
      this.#changeMap(node, before, after);
    } else if (isSeq(node) && !node.flow && Array.isArray(before) && Array.isArray(after)) {
      this.#changeSeq(node, before, after);
    } else if (isScalar(node) && isInline(after) && !this.#isBlock(node)) {
      this.#replaceScalar(node, after);
    } else {
      throw new SpliceError("a change of kind");
    }
  }

  #changeMap(node: YAMLMap, before: Plain, after: Plain): void {
    const known = new Set<string>();
    let remaining = 0;
    for (const pair of node.items) {
      const key = keyText(pair.key);
      if (key === undefined || key === "<<" || known.has(key)) throw new SpliceError("an odd key");
      known.add(key);
      if (!Object.hasOwn(after, key)) this.#removePair(pair);
      else {
        remaining++;
        if (!equal(before[key], after[key])) this.#changePair(pair, before[key], after[key]);
      }
    }
    const added = Object.keys(after).filter((key) => !known.has(key));
    if (remaining + added.length === 0 || known.size === 0) throw new SpliceError("an empty map");
    const column = this.#column(startOf(node.items[0]));
    for (const key of added) {
      this.#insertAfter(node.items.at(-1), column, this.#lines({ [key]: after[key] }));
    }
  }

  #changePair(pair: Pair, before: unknown, after: unknown): void {
    const { value } = pair;
    if (isAlias(value)) throw new SpliceError("an alias");
    const collections = isCollection(value) && !value.flow && value.items.length > 0 &&
      (isPlain(after) || Array.isArray(after)) && Array.isArray(before) === Array.isArray(after) &&
      Object.keys(after).length > 0;
    if (isNode(value) && (collections || (isScalar(value) && this.#fits(value, after)))) {
      this.change(value, before, after);
      return;
    }
    this.#replaceValue(pair, after);
  }

  /** Whether a scalar's text can be exchanged in place. */
  #fits(node: Node, after: unknown): boolean {
    const [start, end] = rangeOf(node);
    return isInline(after) && end > start && !this.#isBlock(node);
  }

  #replaceScalar(node: Node, after: unknown): void {
    const [start, end] = rangeOf(node);
    this.splices.push({ start, end, text: inline(after) });
  }

  /** Exchanges what stands behind a key's colon, comments on that line excepted. */
  #replaceValue(pair: Pair, after: unknown): void {
    const key = this.#text.indexOf(":", endOf(pair.key)) + 1;
    const end = isNode(pair.value) ? endOf(pair.value) : key;
    const column = this.#column(startOf(pair));
    const [first = "", ...rest] = this.#lines({ k: after });
    const head = first.slice("k:".length);
    const block = rest.map((line) => `\n${" ".repeat(line === "" ? 0 : column)}${line}`).join("");
    const old = this.#text.slice(key, end);
    if (!old.includes("\n")) {
      const lineEnd = this.#lineEnd(end);
      // The comment behind the old value stays on the key's line.
      this.splices.push({ start: key, end, text: head });
      if (block !== "") this.splices.push({ start: lineEnd, end: lineEnd, text: block });
    } else {
      this.splices.push({ start: key, end: this.#lineEnd(end), text: head + block });
    }
  }

  #removePair(pair: Pair): void {
    this.#removeLines(startOf(pair), endOf(isNode(pair.value) ? pair.value : pair.key));
  }

  #changeSeq(node: YAMLSeq, before: readonly unknown[], after: readonly unknown[]): void {
    if (after.length === 0 || node.items.length !== before.length) {
      throw new SpliceError("an empty list");
    }
    let head = 0;
    while (head < before.length && head < after.length && equal(before[head], after[head])) head++;
    let tail = 0;
    while (
      tail < before.length - head && tail < after.length - head &&
      equal(before[before.length - 1 - tail], after[after.length - 1 - tail])
    ) tail++;
    const old = before.length - head - tail;
    const fresh = after.length - head - tail;
    for (let i = head; i < head + Math.min(old, fresh); i++) {
      this.#changeItem(node.items[i], before[i], after[i]);
    }
    for (let i = head + fresh; i < head + old; i++) {
      const item = node.items[i];
      this.#removeLines(this.#dash(item), endOf(item));
    }
    const column = this.#column(this.#dash(node.items[0]));
    for (let i = head + old; i < head + fresh; i++) {
      const at = head + old - 1;
      const lines = this.#lines([after[i]]);
      if (at >= 0) this.#insertAfter(node.items[at], column, lines);
      else this.#insertBefore(this.#dash(node.items[0]), column, lines);
    }
  }

  #changeItem(item: unknown, before: unknown, after: unknown): void {
    if (!isNode(item) || isAlias(item)) throw new SpliceError("an alias");
    this.change(item, before, after);
  }

  #insertAfter(item: unknown, column: number, lines: readonly string[]): void {
    const end = this.#lineEnd(isPair(item) ? endOfPair(item) : endOf(item));
    const text = lines.map((line) => `\n${" ".repeat(line === "" ? 0 : column)}${line}`).join("");
    this.splices.push({ start: end, end, text });
  }

  #insertBefore(offset: number, column: number, lines: readonly string[]): void {
    const start = this.#lineStart(offset);
    if (this.#text.slice(start, offset).trim() !== "") throw new SpliceError("no line of its own");
    const text = lines.map((line) => `${" ".repeat(line === "" ? 0 : column)}${line}\n`).join("");
    this.splices.push({ start, end: start, text });
  }

  /** Drops whole lines, with the comment right above that speaks of them. */
  #removeLines(from: number, to: number): void {
    let start = this.#lineStart(from);
    const margin = this.#text.slice(start, from);
    if (margin.trim() !== "") throw new SpliceError("no line of its own");
    while (start > 0) {
      const above = this.#lineStart(start - 1);
      const line = this.#text.slice(above, start);
      if (!line.startsWith(`${margin}# `) || line.startsWith(`${margin}# #`)) break;
      start = above;
    }
    this.splices.push({ start, end: Math.min(this.#text.length, this.#lineEnd(to) + 1), text: "" });
  }

  #lines(value: unknown): string[] {
    return stringify(value, { indent: this.#step, lineWidth: 0 }).trimEnd().split("\n");
  }

  #isBlock(node: Node): boolean {
    return isScalar(node) && (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED");
  }

  #dash(item: unknown): number {
    const dash = this.#text.lastIndexOf("-", startOf(item) - 1);
    if (dash < 0 || this.#text.slice(dash + 1, startOf(item)).trim() !== "") {
      throw new SpliceError("no dash");
    }
    return dash;
  }

  #column(offset: number): number {
    return offset - this.#lineStart(offset);
  }

  #lineStart(offset: number): number {
    return this.#text.lastIndexOf("\n", offset - 1) + 1;
  }

  #lineEnd(offset: number): number {
    const end = this.#text.indexOf("\n", offset);
    return end < 0 ? this.#text.length : end;
  }
}

function isInline(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

/** A single value on one line, quoted as needed. */
function inline(value: unknown): string {
  return typeof value === "string" && value.includes("\n")
    ? JSON.stringify(value)
    : stringify(value, { lineWidth: 0 }).trimEnd();
}

function rangeOf(node: unknown): readonly [number, number] {
  const range = isNode(node) ? node.range : undefined;
  if (!range) throw new SpliceError("no place in the text");
  return [range[0], range[1]];
}

function startOf(node: unknown): number {
  if (isPair(node)) return startOf(node.key);
  if (isMap(node) && !node.flow && node.items.length > 0) return startOf(node.items[0]);
  return rangeOf(node)[0];
}

function endOfPair(pair: Pair): number {
  return endOf(isNode(pair.value) ? pair.value : pair.key);
}

/** Where the last thing in a node ends; a block's own range would include comments after it. */
function endOf(node: unknown): number {
  if (isCollection(node) && !node.flow && node.items.length > 0) {
    const last = node.items.at(-1);
    return isPair(last) ? endOfPair(last) : endOf(last);
  }
  const [start, end] = rangeOf(node);
  const block = isScalar(node) && (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED");
  return block && end > start ? end - 1 : end;
}
