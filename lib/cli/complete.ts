import type { Candidate } from "./command.ts";
import { type Flag, type Flags, kebab } from "./flag.ts";
import { locate, type Located, type Program } from "./program.ts";
import { parse } from "./parse.ts";

/** What a shell may offer, and whether file names are welcome too. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly files: boolean;
}

const NOTHING: Completion = { candidates: [], files: false };

/** Completes the last of `words`, which may be empty; the ones before it are taken as written. */
export async function complete<S>(
  program: Program<S>,
  words: readonly string[],
): Promise<Completion> {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  let at: Located<S>;
  try {
    at = await locate(program, before);
  } catch {
    return NOTHING;
  }
  const flags = { ...at.inherited, ...at.command.flags };
  const found = valueFlag(before.at(-1) ?? "", flags);
  if (found) return valuesOf(found, typed);
  if (typed.startsWith("-")) return { candidates: flagCandidates(flags, typed), files: false };
  if (at.command.children.length > 0) return await childCandidates(at, typed);
  return await argumentCandidates(program, at, flags, typed);
}

function valueFlag(word: string, flags: Flags): Flag<unknown> | undefined {
  if (!word.startsWith("-") || word.includes("=")) return undefined;
  return Object.entries(flags).find(([name, flag]) =>
    flag.kind !== "bool" && (word === `--${kebab(name)}` || word === `-${flag.short}`)
  )?.[1];
}

function valuesOf(flag: Flag<unknown>, typed: string): Completion {
  if (!flag.choices) return { candidates: [], files: flag.kind === "string" };
  return { candidates: matching(flag.choices.map((value) => ({ value })), typed), files: false };
}

function flagCandidates(flags: Flags, typed: string): Candidate[] {
  const shown = Object.entries(flags)
    .filter(([, flag]) => !flag.hidden)
    .map(([name, flag]) => ({ value: `--${kebab(name)}`, summary: flag.summary }));
  return matching([...shown, { value: "--help", summary: "show help" }], typed);
}

async function childCandidates<S>(at: Located<S>, typed: string): Promise<Completion> {
  const children = at.command.children.filter((child) => !child.hidden);
  const candidates = await Promise.all(
    children.filter((child) => child.names[0].startsWith(typed))
      .map(async (child) => ({ value: child.names[0], summary: (await child.load()).summary })),
  );
  return { candidates, files: false };
}

async function argumentCandidates<S>(
  program: Program<S>,
  at: Located<S>,
  flags: Flags,
  typed: string,
): Promise<Completion> {
  if (!at.command.complete) return { candidates: [], files: at.command.args.max > 0 };
  const optional = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, { ...flag, required: false }]),
  );
  try {
    const parsed = parse(at.rest, optional, { usage: "", min: 0, max: Infinity });
    const candidates = await at.command.complete(program.session(parsed), parsed.args);
    return { candidates: matching(candidates, typed), files: false };
  } catch {
    // A shell's tab key is no place for an error: a node that is down has nothing to offer.
    return NOTHING;
  }
}

function matching(candidates: readonly Candidate[], typed: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(typed));
}

/** The answer as the completion scripts read it: a candidate a line, then `:files` or `:none`. */
export function completionLines({ candidates, files }: Completion): string {
  const lines = candidates.map(({ value, summary }) => summary ? `${value}\t${summary}` : value);
  return [...lines, files ? ":files" : ":none"].join("\n") + "\n";
}
