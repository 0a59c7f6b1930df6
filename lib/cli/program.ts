import { type Command, type Entry, InterruptError, UsageError } from "./command.ts";
import { type Flags, kebab } from "./flag.ts";
import { helpText, type Resolved, usageText } from "./help.ts";
import { parse, type Parsed } from "./parse.ts";
import { didYouMean } from "./suggest.ts";

/** Where a program writes; main.ts hands in the real streams. */
export interface Output {
  out(text: string | Uint8Array): void;
  err(text: string): void;
}

/** A whole program: its name, the flags of all commands, the commands, and what they are handed. */
export interface Program<S> {
  readonly name: string;
  readonly description: string;
  readonly globals: Flags;
  readonly commands: readonly Entry<S>[];
  session(globals: Parsed): S;
  /** Called when a command is done or has failed; may throw what is still to be reported. */
  close?(session: S): void | Promise<void>;
}

/** A command line with its command found but its flags not yet read. */
export interface Located<S> extends Resolved<S> {
  /** The tokens without the command's names. */
  readonly rest: readonly string[];
}

/** Follows the command names in `tokens` down the tree. @throws {UsageError} for an unknown one. */
export async function locate<S>(
  program: Program<S>,
  tokens: readonly string[],
): Promise<Located<S>> {
  let at: Located<S> = {
    path: [program.name],
    aliases: [],
    command: rootOf(program),
    inherited: {},
    rest: tokens,
  };
  while (at.command.children.length > 0) {
    const index = firstWord(at.rest, { ...at.inherited, ...at.command.flags });
    const word = at.rest[index];
    if (word === undefined) return at;
    const child = at.command.children.find(({ names }) => names.includes(word));
    if (!child) {
      const known = at.command.children.filter((c) => !c.hidden).flatMap((c) => c.names);
      const where = at.path.join(" ");
      throw new UsageError(`unknown command "${word}" for "${where}"${didYouMean(word, known)}`);
    }
    at = {
      path: [...at.path, child.names[0]],
      aliases: child.names.slice(1),
      command: await child.load(),
      inherited: { ...at.inherited, ...at.command.flags },
      rest: at.rest.toSpliced(index, 1),
    };
  }
  return at;
}

/** The program as the group at the top of the tree. */
export function rootOf<S>(program: Program<S>): Command<S> {
  return {
    summary: program.description,
    description: program.description,
    args: { usage: "", min: 0, max: 0 },
    flags: program.globals,
    children: program.commands,
  };
}

/** Index of the first token that is neither a flag nor a flag's value; -1 when there is none. */
function firstWord(tokens: readonly string[], flags: Flags): number {
  const takesValue = new Set<string>();
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.kind === "bool") continue;
    takesValue.add(`--${kebab(name)}`);
    if (flag.short) takesValue.add(`-${flag.short}`);
  }
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    if (token === "--") return -1;
    if (takesValue.has(token)) index++;
    else if (!token.startsWith("-") || token === "-") return index;
  }
  return -1;
}

/** Exit code of a program that an interrupt ended: 128 + SIGINT. */
const INTERRUPTED = 130;

/**
 * Runs the command in `tokens`; prints what fails. Gives the exit code: 0, 1 on any error, 130 when
 * the user interrupted.
 */
export async function execute<S>(
  program: Program<S>,
  tokens: readonly string[],
  output: Output,
): Promise<number> {
  let at: Located<S> | undefined;
  try {
    const words = tokens[0] === "help" ? [...tokens.slice(1), "--help"] : tokens;
    at = await locate(program, words);
    const flags = { ...at.inherited, ...at.command.flags };
    const parsed = parse(at.rest, flags, at.command.args);
    if (parsed.help || !at.command.run) {
      output.out(await helpText(at));
      return 0;
    }
    await runIn(program, at.command, parsed);
    return 0;
  } catch (error) {
    if (error instanceof InterruptError) return INTERRUPTED;
    output.err(`${(error instanceof Error ? error.message : String(error)).trimEnd()}\n`);
    if (error instanceof UsageError) {
      const where = at ??
        { path: [program.name], aliases: [], command: rootOf(program), inherited: {} };
      output.err(`\n${await usageText(where)}`);
    }
    return 1;
  }
}

/** Runs a command in a session of its own; what closing reports yields to what the command threw. */
async function runIn<S>(program: Program<S>, command: Command<S>, parsed: Parsed): Promise<void> {
  const session = program.session(parsed);
  try {
    await command.run?.(parsed.flags, session, parsed.args);
  } catch (error) {
    // Closing may throw at once or later; either way the command's own error is the one to tell.
    await (async () => await program.close?.(session))().catch(() => {});
    throw error;
  }
  await program.close?.(session);
}
