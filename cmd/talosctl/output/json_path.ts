/**
 * The value at a simple path as kubectl writes them (`{.spec.ready}`, `.running`, `{.items[0].id}`)
 * as text; empty where there is none. Printed columns need no more than names and positions.
 */
export function jsonPath(root: unknown, path: string): string {
  const steps = [...path.replace(/^\{|\}$/g, "").matchAll(/\.?([^.[\]]+)|\[(\d+)\]/g)];
  let value = root;
  for (const [, name, index] of steps) {
    if (typeof value !== "object" || value === null) return "";
    value = Array.isArray(value)
      ? value[Number(index ?? name)]
      : (value as Record<string, unknown>)[name ?? ""];
  }
  return cellText(value);
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
