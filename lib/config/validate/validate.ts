import type { Finding } from "../finding.ts";
import { isUnder } from "../finding.ts";
import type { ParsedConfig } from "../parse.ts";
import type { MachineConfig } from "../schema/document.ts";
import { locate } from "./locate.ts";
import type { Breach, Level, Mode, RuleContext } from "./rule.ts";
import { RULES } from "./rules.ts";

/** What a configuration is held against. */
export interface ValidateOptions extends RuleContext {
  readonly mode: Mode;
  /** On a node that is about to use it: what would fail later is an error too. */
  readonly apply?: boolean;
  /** Warnings are errors. */
  readonly strict?: boolean;
}

/** What is wrong with a configuration, and what is only odd. */
export interface Verdict {
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Places are looked up for this many findings; beyond them the path has to do. */
const MAX_LOCATED = 200;

/** Everything that is wrong with a configuration as it was read, each with its place in the file. */
export function validateConfig(parsed: ParsedConfig, options: ValidateOptions): Verdict {
  const { raw, document, lines } = parsed;
  if (!raw?.machine || !raw.cluster || !document || !lines) {
    return verdict(parsed.errors, parsed.warnings, options);
  }
  let located = 0;
  const place = (breach: Breach): Finding =>
    ++located > MAX_LOCATED ? breach : { ...breach, ...locate(document, lines, breach.path) };
  const { machine, cluster } = raw;
  const found = checkRules({ ...raw, machine, cluster }, options);
  // A value that could not be read stands at its zero: what a rule says of that is no news.
  const unread = parsed.errors.filter(({ path }) => path.length > 0);
  const news = ({ path }: Breach): boolean =>
    !unread.some((error) => isUnder(path, error.path) || isUnder(error.path, path));
  return verdict(
    [...parsed.errors, ...found.errors.filter(news).map(place)],
    [...parsed.warnings, ...found.warnings.filter(news).map(place)],
    options,
  );
}

/** What the rules say of a configuration that stands in no file. */
export function checkRules(
  config: MachineConfig,
  options: ValidateOptions,
): { readonly errors: readonly Breach[]; readonly warnings: readonly Breach[] } {
  const errors: Breach[] = [];
  const warnings: Breach[] = [];
  for (const rule of RULES) {
    const into = isError(rule.level, options) ? errors : warnings;
    into.push(...rule.check(config, options));
  }
  return { errors, warnings };
}

function isError(level: Level, options: ValidateOptions): boolean {
  return level === "error" || (level === "apply" && options.apply === true);
}

function verdict(
  errors: readonly Finding[],
  warnings: readonly Finding[],
  options: ValidateOptions,
): Verdict {
  return options.strict ? { errors: [...errors, ...warnings], warnings: [] } : { errors, warnings };
}
