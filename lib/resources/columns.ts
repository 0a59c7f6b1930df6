import { jsonpath } from "json-p3";

/**
 * What a column of `talosctl get` shows of a spec: the values at a JSONPath as kubectl writes them
 * (`{.running}`, `{@}`, `{.conditions[?(@.type=="Ready")].status}`), separated by spaces; empty when
 * there is none.
 */
export function columnText(spec: unknown, path: string): string {
  const inner = path.trim().replace(/^\{(.*)\}$/s, "$1");
  const query = `$${inner.replace(/^[@$]/, "")}`;
  // The library knows the values of JSON alone; a spec is one at heart.
  const values = jsonpath.query(query, spec as Parameters<typeof jsonpath.query>[1]).values();
  return values.map(cellText).filter((text) => text !== "").join(" ");
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
