import type { Definition } from "./definition.ts";

/** `EtcdSecrets` of `EtcdSecrets.secrets.talos.dev`. */
function pluralOf(type: string): string {
  return type.split(".", 1)[0] ?? type;
}

/** The English singular of a plural: `Statuses` → `Status`, `Policies` → `Policy`. */
export function singular(plural: string): string {
  if (/[^aeiou]ies$/i.test(plural)) return `${plural.slice(0, -3)}y`;
  if (/(tus|ss|x|ch|sh)es$/i.test(plural)) return plural.slice(0, -2);
  return /s$/i.test(plural) ? plural.slice(0, -1) : plural;
}

/** The name that stands in the TYPE column: `EtcdSecret`. */
export function displayType({ type }: Pick<Definition, "type">): string {
  return singular(pluralOf(type));
}

/** The id of the resource that describes the kind. */
export function definitionId({ type }: Pick<Definition, "type">): string {
  return type.toLowerCase();
}

/**
 * All short names of a kind, in order: those it declares, its plural and singular, the plural with
 * more and more of its domain, its initials.
 */
export function aliasesOf(
  { type, aliases, initials }: Pick<Definition, "type" | "aliases" | "initials">,
): string[] {
  const [plural = "", ...domain] = type.split(".");
  const lower = plural.toLowerCase();
  const dotted = domain.slice(0, -1).map((_, index) =>
    [lower, ...domain.slice(0, index + 1)].join(".")
  );
  const names = [...aliases, lower, singular(lower), ...dotted];
  return initials ? [...names, ...initialsOf(plural)] : names;
}

/** `sp` and `sps` of `StaticPods`; no plural of what ends in S, and nothing of a single capital. */
function initialsOf(plural: string): string[] {
  const capitals = plural.replace(/[^A-Z]/g, "").toLowerCase();
  if (capitals.length < 2) return [];
  return capitals.endsWith("s") ? [capitals] : [capitals, `${capitals}s`];
}
