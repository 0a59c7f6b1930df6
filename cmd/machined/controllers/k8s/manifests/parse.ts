import { parseAllDocuments } from "yaml";
import { type KubeObject, kubeObject } from "$lib/kube/mod.ts";

/**
 * The objects in a text of YAML documents; what stands in a `List` comes out of it.
 *
 * @throws {SyntaxError} that names `where` and what is wrong
 */
export function parseManifest(text: string, where: string): KubeObject[] {
  // Duplicate keys are looked for quadratically: the API server refuses them anyway.
  const documents = parseAllDocuments(text, { uniqueKeys: false });
  return [...documents].flatMap((document, index) => {
    const [error] = document.errors;
    if (error) {
      throw new SyntaxError(`Cannot read manifest "${where}": ${error.message}`, { cause: error });
    }
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value === null || value === undefined) return [];
    return objectsOf(value, `manifest "${where}", document ${index + 1}`);
  });
}

function objectsOf(value: unknown, where: string): KubeObject[] {
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  if (typeof kind === "string" && kind.endsWith("List") && Array.isArray(items)) {
    return items.map((item) => kubeObject(item, where));
  }
  return [kubeObject(value, where)];
}
