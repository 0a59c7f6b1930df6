import { type Document, isMap, isSeq, parseDocument, type YAMLMap, YAMLSeq } from "yaml";

/** A mapping as plain values. */
export type Plain = Readonly<Record<string, unknown>>;

/** A kubeconfig as a document that keeps its comments. @throws {SyntaxError} when it is none. */
export function parseKubeconfig(text: string): Document {
  const document = parseDocument(text, { uniqueKeys: false });
  const [error] = document.errors;
  if (error) {
    const [line = "it is no YAML"] = error.message.split("\n");
    throw new SyntaxError(`Cannot read kubeconfig: ${line}`);
  }
  if (document.contents !== null && !isMap(document.contents)) {
    throw new SyntaxError("Cannot read kubeconfig: it is not a mapping");
  }
  return document;
}

/** The list `key` of named entries, made in block form when it is absent or empty. */
export function entriesOf(document: Document, key: string): YAMLSeq<YAMLMap> {
  const found = document.get(key);
  if (isSeq(found) && found.items.length > 0) return found as YAMLSeq<YAMLMap>;
  const made = new YAMLSeq<YAMLMap>();
  document.set(key, made);
  return made;
}

/** The name of an entry; empty for what is no entry. */
export function nameOf(entry: unknown): string {
  const name = isMap(entry) ? entry.get("name") : undefined;
  return typeof name === "string" ? name : "";
}
