import { Command as Commander, CommanderError, InvalidArgumentError, Option } from "commander";
import { type Arguments, UsageError } from "./command.ts";
import { type Flag, type Flags, kebab } from "./flag.ts";
import { didYouMean } from "./suggest.ts";

/** A command line taken apart. */
export interface Parsed {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly args: readonly string[];
  /** Names of the flags that were written, not defaulted. */
  readonly given: ReadonlySet<string>;
  readonly help: boolean;
}

/**
 * Reads `tokens` by the flags in reach. Required flags and the number of arguments are checked
 * unless help was asked for. @throws {UsageError} with the sentence to print.
 */
export function parse(tokens: readonly string[], flags: Flags, args: Arguments): Parsed {
  const { rest, assigned } = takeAssignedBooleans(tokens, flags);
  const commander = commanderFor(flags);
  try {
    commander.parse(rest, { from: "user" });
  } catch (error) {
    throw usageError(error, flags);
  }
  const options = commander.opts<Record<string, unknown>>();
  const given = new Set(assigned.keys());
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags)) {
    const written = writtenValue(name, options);
    if (written !== undefined) given.add(name);
    values[name] = assigned.get(name) ?? written ?? flag.fallback;
  }
  const help = options.help === true;
  if (!help) {
    checkRequired(flags, given);
    checkCount(commander.args.length, args);
  }
  return { flags: values, args: commander.args, given, help };
}

/** Commander reads `--no-x` as the negation of `x`: turn it back into a flag of its own. */
function writtenValue(name: string, options: Record<string, unknown>): unknown {
  if (!kebab(name).startsWith("no-")) return options[name];
  const positive = name.slice(2, 3).toLowerCase() + name.slice(3);
  return options[positive] === false ? true : undefined;
}

function commanderFor(flags: Flags): Commander {
  const commander = new Commander()
    .exitOverride()
    .helpOption(false)
    .allowExcessArguments()
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .addOption(new Option("-h, --help"))
    .argument("[args...]");
  for (const [name, flag] of Object.entries(flags)) commander.addOption(optionFor(name, flag));
  return commander.action(() => {});
}

function optionFor(name: string, flag: Flag<unknown>): Option {
  const short = flag.short ? `-${flag.short}, ` : "";
  const option = new Option(
    `${short}--${kebab(name)}${flag.kind === "bool" ? "" : " <value>"}`,
    flag.summary,
  );
  if (flag.kind !== "bool") {
    option.argParser((raw: string, previous: unknown) => parseValue(flag, raw, previous));
  }
  return option;
}

function parseValue(flag: Flag<unknown>, raw: string, previous: unknown): unknown {
  try {
    const value = flag.parse(raw, previous);
    if (flag.choices && !flag.choices.includes(String(value))) {
      throw new SyntaxError(`"${raw}" is none of ${flag.choices.join(", ")}`);
    }
    return value;
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

/** Takes `--wait=false` out of the tokens: commander's switches know no values. */
function takeAssignedBooleans(
  tokens: readonly string[],
  flags: Flags,
): { rest: string[]; assigned: Map<string, boolean> } {
  const byLong = new Map(
    Object.entries(flags).map(([name, flag]) => [`--${kebab(name)}`, { name, flag }]),
  );
  const rest: string[] = [];
  const assigned = new Map<string, boolean>();
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    if (token === "--") {
      rest.push(...tokens.slice(index));
      break;
    }
    const split = token.indexOf("=");
    const found = byLong.get(split < 0 ? token : token.slice(0, split));
    if (found && split >= 0 && found.flag.kind === "bool") {
      try {
        assigned.set(found.name, found.flag.parse(token.slice(split + 1), undefined) === true);
      } catch (error) {
        throw new UsageError(
          `invalid argument for flag --${kebab(found.name)}: ${messageOf(error)}`,
        );
      }
      continue;
    }
    rest.push(token);
    const takesNext = split < 0 && found !== undefined && found.flag.kind !== "bool";
    if (takesNext && index + 1 < tokens.length) rest.push(tokens[++index] ?? "");
  }
  return { rest, assigned };
}

function checkRequired(flags: Flags, given: ReadonlySet<string>): void {
  const missing = Object.entries(flags)
    .filter(([name, flag]) => flag.required && !given.has(name))
    .map(([name]) => `"${kebab(name)}"`);
  if (missing.length > 0) throw new UsageError(`required flag(s) ${missing.join(", ")} not set`);
}

function checkCount(count: number, { min, max }: Arguments): void {
  if (count >= min && count <= max) return;
  if (min === max) throw new UsageError(`accepts ${min} arg(s), received ${count}`);
  if (count < min) throw new UsageError(`requires at least ${min} arg(s), only received ${count}`);
  throw new UsageError(`accepts at most ${max} arg(s), received ${count}`);
}

/** Commander's error in the words that talosctl's users know. */
function usageError(error: unknown, flags: Flags): UsageError {
  if (!(error instanceof CommanderError)) return new UsageError(messageOf(error));
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  const long = /--[\w-]+/.exec(quoted)?.[0] ?? quoted;
  switch (error.code) {
    case "commander.unknownOption": {
      const names = Object.entries(flags).filter(([, f]) => !f.hidden).map(([n]) =>
        `--${kebab(n)}`
      );
      return quoted.startsWith("--")
        ? new UsageError(`unknown flag: ${quoted.split("=")[0]}${didYouMean(long, names)}`)
        : new UsageError(`unknown shorthand flag: '${quoted.slice(1, 2)}' in ${quoted}`);
    }
    case "commander.optionMissingArgument":
      return new UsageError(`flag needs an argument: ${long}`);
    case "commander.invalidArgument": {
      const reason = error.message.slice(error.message.indexOf(" is invalid. ") + 13);
      return new UsageError(`invalid argument for flag ${long}: ${reason}`);
    }
    default:
      return new UsageError(error.message.replace(/^error: /, ""));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
