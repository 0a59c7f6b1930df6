import { define, type Definition, type PrintColumn } from "../definition.ts";
import { aliasesOf, displayType } from "../names.ts";

/** What the API tells about a kind of resources. */
export interface ResourceDefinitionSpec {
  readonly type: string;
  readonly displayType: string;
  readonly aliases: readonly string[];
  readonly printColumns: readonly PrintColumn[];
  readonly defaultNamespace: string;
}

/** Kinds of resources, one resource each; its id is the type in lower case. */
export const ResourceDefinition = define<ResourceDefinitionSpec>({
  type: "ResourceDefinitions.meta.cosi.dev",
  namespace: "meta",
});

/** The spec that describes a kind. */
export function definitionSpec(definition: Definition): ResourceDefinitionSpec {
  return {
    type: definition.type,
    displayType: displayType(definition),
    aliases: aliasesOf(definition),
    printColumns: definition.printColumns,
    defaultNamespace: definition.namespace,
  };
}
