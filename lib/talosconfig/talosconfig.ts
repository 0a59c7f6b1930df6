import { Document, isAlias, isMap, isScalar, isSeq, parseDocument, YAMLMap } from "yaml";

/** One cluster to talk to. `ca`, `crt` and `key` are base64 over PEM, as the file has them. */
export interface Context {
  readonly endpoints: readonly string[];
  readonly nodes: readonly string[];
  readonly ca?: string;
  readonly crt?: string;
  readonly key?: string;
}

/** No talosconfig is near this; YAML that is should not be read at all. */
const MAX_CHARS = 1 << 20;

/**
 * The client configuration: contexts by name and which of them is current. A value: edits give a new
 * one. Comments and keys that are unknown here stay where they were.
 */
export class Talosconfig {
  readonly #document: Document;

  private constructor(document: Document) {
    this.#document = document;
  }

  /** A configuration without contexts. */
  static empty(): Talosconfig {
    return Talosconfig.parse('context: ""\ncontexts: {}\n');
  }

  /** Reads the YAML of a file. @throws {SyntaxError} that says which part is wrong. */
  static parse(text: string): Talosconfig {
    if (text.length > MAX_CHARS) fail(`it is over ${MAX_CHARS} characters`);
    // The library's own check of keys is quadratic; checkKeys() is not.
    const document: Document = parseDocument(text, { uniqueKeys: false, logLevel: "error" });
    const [error] = document.errors;
    if (error) fail(error.message.split("\n")[0] ?? error.code);
    if (document.contents === null || isEmptyScalar(document.contents)) {
      document.contents = document.createNode({ context: "", contexts: {} });
    }
    if (!isMap(document.contents)) fail("it is not a mapping");
    const contexts = member(document, document.contents, "contexts");
    if (contexts !== undefined && !isMap(contexts) && !isEmptyScalar(contexts)) {
      fail("contexts is not a mapping");
    }
    checkKeys(document.contents);
    checkKeys(contexts);
    const config = new Talosconfig(document);
    for (const name of config.names) config.find(name);
    return config;
  }

  /** The name of the current context; empty when none is chosen. */
  get current(): string {
    return scalarText(member(this.#document, this.#document.contents, "context"), "context");
  }

  /** Names of all contexts, in the order of the file. */
  get names(): string[] {
    const contexts = member(this.#document, this.#document.contents, "contexts");
    return isMap(contexts) ? contexts.items.map(({ key }) => keyText(key)) : [];
  }

  /** The context of that name, if there is one; 0.9's forerunner `target` counts as an endpoint. */
  find(name: string): Context | undefined {
    const contexts = member(this.#document, this.#document.contents, "contexts");
    const context = member(this.#document, contexts, name);
    if (context === undefined) return undefined;
    if (!isMap(context)) return fail(`context ${JSON.stringify(name)} is not a mapping`);
    checkKeys(context);
    const at = (key: string): unknown => member(this.#document, context, key);
    const where = (key: string): string => `contexts.${name}.${key}`;
    const credential = (key: "ca" | "crt" | "key"): { [key: string]: string } => {
      const text = scalarText(at(key), where(key));
      return text === "" ? {} : { [key]: text };
    };
    const target = scalarText(at("target"), where("target"));
    return {
      endpoints: [...texts(this.#document, at("endpoints"), where("endpoints"))]
        .concat(target === "" ? [] : [target]),
      nodes: texts(this.#document, at("nodes"), where("nodes")),
      ...credential("ca"),
      ...credential("crt"),
      ...credential("key"),
    };
  }

  /**
   * The context to use: the one asked for, or the current one.
   * @throws {Error} with the contract's words when it is not in the file.
   */
  select(name?: string): Context {
    const found = this.find(name || this.current);
    if (found) return found;
    throw new Error(
      name
        ? `context ${JSON.stringify(name)} not found in config`
        : `default context ${JSON.stringify(this.current)} not found in config`,
    );
  }

  /** A copy that `change` has worked on; the root is a mapping. */
  edit(change: (root: YAMLMap, document: Document) => void): Talosconfig {
    const copy = this.#document.clone();
    if (isMap(copy.contents)) change(copy.contents, copy);
    return new Talosconfig(copy);
  }

  /** The YAML to write: long base64 values stay on one line. */
  toString(): string {
    return this.#document.toString({ lineWidth: 0 });
  }
}

/** The name a mapping's key has in the file: `123:` is the name "123". */
export function keyText(key: unknown): string {
  return isScalar(key) ? scalarText(key, "a key") : String(key);
}

/** The value under `key` with aliases followed; undefined when `map` is none or lacks it. */
export function member(document: Document, map: unknown, key: string): unknown {
  if (!isMap(map)) return undefined;
  const value = map.items.find((pair) => keyText(pair.key) === key)?.value ?? undefined;
  return isAlias(value) ? value.resolve(document) : value;
}

function checkKeys(map: unknown): void {
  const seen = new Set<string>();
  for (const { key } of isMap(map) ? map.items : []) {
    const text = keyText(key);
    if (seen.has(text)) fail(`key ${JSON.stringify(text)} is there twice`);
    seen.add(text);
  }
}

function texts(document: Document, node: unknown, where: string): string[] {
  if (node === undefined || isEmptyScalar(node)) return [];
  if (!isSeq(node)) return fail(`${where} is not a list`);
  return node.items.map((item) =>
    scalarText(isAlias(item) ? item.resolve(document) : item, `an entry of ${where}`)
  );
}

function scalarText(node: unknown, where: string): string {
  if (node === undefined || isEmptyScalar(node)) return "";
  if (!isScalar(node)) return fail(`${where} is not a string`);
  return typeof node.value === "string" ? node.value : node.source ?? String(node.value);
}

function isEmptyScalar(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function fail(state: string): never {
  throw new SyntaxError(`Cannot read talosconfig: ${state}`);
}
