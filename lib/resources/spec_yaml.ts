import { stringify } from "yaml";
import type { Resource } from "$lib/cosi/mod.ts";
import { type Definition, YamlText } from "./definition.ts";

/** The spec of a resource as YAML; nothing for a tombstone. */
export function specYaml(definition: Definition, spec: unknown): string {
  if (spec === undefined) return "";
  const view = definition.view(spec);
  if (view instanceof YamlText) return view.text;
  // Parts of a spec may be one and the same object: written out, never as a YAML alias.
  return stringify(view, { indent: 4, lineWidth: 0, aliasDuplicateObjects: false });
}

/** A resource as one line for logs; the spec of a sensitive kind is hidden. */
export function loggable(definition: Definition, { metadata, spec }: Resource): string {
  const { namespace, type, id, version, phase } = metadata;
  const shown = definition.sensitive ? "(hidden)" : JSON.stringify(spec);
  return `${type} ${namespace}/${id} version ${version} ${phase}: ${shown}`;
}
