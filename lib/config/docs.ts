/**
 * Writes what is generated from the configuration schema: `docs/configuration.md` and
 * `docs/v1alpha1.schema.json`. Run it from the root of the repository.
 *
 * @module
 */
import { jsonSchema } from "./encode/json_schema.ts";
import { configurationMarkdown } from "./encode/markdown.ts";

/** The generated files by their path from the root of the repository. */
export function generatedDocs(): Readonly<Record<string, string>> {
  return {
    "docs/configuration.md": configurationMarkdown(),
    "docs/v1alpha1.schema.json": `${JSON.stringify(jsonSchema(), null, 2)}\n`,
  };
}

if (import.meta.main) {
  await Deno.mkdir("docs", { recursive: true });
  for (const [path, text] of Object.entries(generatedDocs())) await Deno.writeTextFile(path, text);
}
