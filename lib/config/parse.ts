import type { Document, LineCounter } from "yaml";
import { Reader } from "./decode/reader.ts";
import { configText } from "./decode/text.ts";
import { findConfig, parseYaml, resolveAliases } from "./decode/yaml.ts";
import type { Finding } from "./finding.ts";
import { document as schema, type MachineConfig, type RawConfig } from "./schema/document.ts";

/** A configuration as it was read from text. */
export interface ParsedConfig {
  readonly text: string;
  /** Present when nothing stood in the way of reading it; `validateConfig` says whether it is good. */
  readonly config?: MachineConfig;
  /** What could be read in spite of errors. */
  readonly raw?: RawConfig;
  /** The YAML document it stands in, with comments. */
  readonly document?: Document;
  readonly lines?: LineCounter;
  readonly errors: readonly Finding[];
  /** Unknown keys and the like: a file with these loads all the same. */
  readonly warnings: readonly Finding[];
}

/** How a configuration is read. */
export interface ParseOptions {
  /**
   * The file was written by this system out of a configuration it had accepted (`encodeConfig`): it may be
   * larger in lines than what is taken from outside, so that what was accepted can always be read again.
   */
  readonly own?: boolean;
}

/**
 * Reads a machine configuration. Bad input gives `errors`, all of them, with path, line and column.
 *
 * Files up to `INLINE_CONFIG_BYTES` take well under a second and 64 MiB whatever they hold; larger
 * ones (up to `MAX_CONFIG_BYTES`) belong into a Worker with a heap limit when they are not trusted.
 */
export function parseConfig(
  source: string | Uint8Array,
  options: ParseOptions = {},
): ParsedConfig {
  let text: string;
  try {
    text = configText(source);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { text: "", errors: [{ path: [], message: error.message }], warnings: [] };
  }
  const { documents, lines, errors } = parseYaml(text, options.own);
  if (errors.length > 0) return { text, errors, warnings: [] };
  const { document, missing } = findConfig(documents);
  if (!document) {
    return { text, errors: [{ path: [], message: missing ?? "config not found" }], warnings: [] };
  }
  const { aliases, unknown } = resolveAliases(document, lines);
  const reader = new Reader({ aliases, lines });
  const raw = reader.read(schema, document.contents, []) as RawConfig;
  const unread = [...unknown, ...reader.errors].sort(byPlace);
  const found = [...unread, ...missingSections(raw, unread)];
  const { machine, cluster } = raw;
  return {
    text,
    raw,
    document,
    lines,
    errors: found,
    warnings: [...reader.warnings].sort(byPlace),
    ...(machine && cluster && found.length === 0 ? { config: { ...raw, machine, cluster } } : {}),
  };
}

function byPlace(a: Finding, b: Finding): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function missingSections(raw: RawConfig, errors: readonly Finding[]): Finding[] {
  const findings: Finding[] = [];
  for (const section of ["machine", "cluster"] as const) {
    const known = errors.some((error) => error.path[0] === section);
    if (raw[section] === undefined && !known) {
      findings.push({ path: [section], message: `${section} instructions are required` });
    }
  }
  return findings;
}
