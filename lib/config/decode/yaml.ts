import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  type YAMLMap,
} from "yaml";
import { type Finding, shorten } from "../finding.ts";

/** Largest number of lexical parts of a file: bounds the memory of its parse, whatever it says. */
const MAX_TOKENS = 30_000;
/** The same for a file of our own writing, where one line may take the place of one short item. */
const MAX_OWN_TOKENS = 400_000;
/** Most documents in one file: each costs the parser far more than its text. */
const MAX_DOCUMENTS = 100;
/** How deep a file may nest: the parser recurses, and so do all who walk its result. */
const MAX_DEPTH = 200;

/** Syntax errors told of one document: after the first, most follow from it. */
const MAX_SYNTAX_ERRORS = 10;

/** A parsed stream of YAML documents, without any meaning given to it yet. */
export interface YamlStream {
  readonly documents: readonly Document[];
  readonly lines: LineCounter;
  readonly errors: readonly Finding[];
}

/** Parses a stream of documents; syntax errors are findings, never thrown. */
export function parseYaml(text: string, own: boolean = false): YamlStream {
  const lines = new LineCounter();
  // A broken file may hold an error at every byte, and a stack is most of what an error weighs.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    // Duplicate keys are looked for by the reader: the check in here is quadratic.
    const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: "silent" });
    const tokens = boundedTokens(text, lines, own ? MAX_OWN_TOKENS : MAX_TOKENS);
    const documents = [...composer.compose(tokens, false, text.length)];
    return { documents, lines, errors: documents.flatMap((one) => syntaxErrors(one, lines)) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Overflowing the stack is how the parser says "too deep"; all else it throws is about the text.
    const message = error instanceof RangeError ? TOO_DEEP : error.message;
    return { documents: [], lines, errors: [{ path: [], message: `yaml: ${message}` }] };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function syntaxErrors(document: Document, lines: LineCounter): Finding[] {
  return document.errors.slice(0, MAX_SYNTAX_ERRORS).map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { path: [], message: `yaml: line ${line}: ${error.message}`, line, column: col };
  });
}

/** What the lexer puts out where a document starts. */
const DOCUMENT = "\x02";

const TOO_DEEP = "nested too deeply";

/**
 * The parser's tokens of a text. A text that would cost too much is given up while it is cut into
 * tokens, which takes no memory to speak of. @throws {SyntaxError} that says why.
 */
function* boundedTokens(
  text: string,
  lines: LineCounter,
  maxTokens: number,
): Generator<CST.Token, void> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let tokens = 0;
  let documents = 0;
  let flow = 0;
  let run = 0;
  for (const token of new Lexer().lex(text)) {
    if (++tokens > maxTokens) throw new SyntaxError(`more than ${maxTokens} tokens`);
    if ((token === DOCUMENT || token === "---") && ++documents > MAX_DOCUMENTS) {
      throw new SyntaxError(`more than ${MAX_DOCUMENTS} documents`);
    }
    if (token === "[" || token === "{") flow++;
    else if (token === "]" || token === "}") flow--;
    // "- - - x" and "? ? ? x" nest without brackets.
    if (token === "-" || token === "?" || token === ":") run++;
    else if (token[0] !== " ") run = 0;
    if (flow > MAX_DEPTH || run > MAX_DEPTH) throw new SyntaxError(TOO_DEEP);
    yield* parser.next(token);
  }
  yield* parser.end();
}

/** The aliases of a document. */
export interface Aliases {
  /** What each stands for: the last anchor of its name before it. */
  readonly aliases: ReadonlyMap<Alias, Node>;
  /** Aliases without an anchor. */
  readonly unknown: readonly Finding[];
}

/** Finds what the aliases of a document stand for, in one walk. */
export function resolveAliases(document: Document, lines: LineCounter): Aliases {
  const anchors = new Map<string, Node>();
  const aliases = new Map<Alias, Node>();
  const unknown: Finding[] = [];
  const todo: unknown[] = [document.contents];
  while (todo.length > 0) {
    const node = todo.pop();
    if (isPair(node)) {
      todo.push(node.value, node.key);
    } else if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target) aliases.set(node, target);
      else if (unknown.length < 100) unknown.push(unknownAnchor(node, lines));
    } else if (isScalar(node) || isCollection(node)) {
      if (node.anchor) anchors.set(node.anchor, node);
      if (!isCollection(node)) continue;
      for (let i = node.items.length - 1; i >= 0; i--) todo.push(node.items[i]);
    }
  }
  return { aliases, unknown };
}

function unknownAnchor(alias: Alias, lines: LineCounter): Finding {
  const { line, col } = lines.linePos(alias.range?.[0] ?? 0);
  const message = `yaml: unknown anchor ${JSON.stringify(shorten(alias.source))} referenced`;
  return { path: [], message, line, column: col };
}

/** The text of a mapping's key, when it is a scalar. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.source === "string" ? key.source : String(key.value ?? "");
}

/** The document that holds the configuration: the first with the key `machine` at its top. */
export function findConfig(documents: readonly Document[]): {
  readonly document?: Document & { contents: YAMLMap };
  readonly missing?: string;
} {
  for (const document of documents) {
    const contents = document.contents;
    if (contents === null || (isScalar(contents) && contents.value === null)) continue;
    const keys = isMap(contents) ? contents.items.map((item) => keyText(item.key)) : [];
    if (isMap(contents) && keys.includes("machine")) {
      return { document: Object.assign(document, { contents }) };
    }
    for (const key of ["kind", "version", "spec"]) {
      if (!keys.includes(key)) return { missing: `missing ${key}` };
    }
  }
  return { missing: "config not found" };
}
