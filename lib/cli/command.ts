import type { Flags, Values } from "./flag.ts";

/** How many positional arguments a command takes, and how usage writes them. */
export interface Arguments {
  /** As in usage: `<service>` or `[path]`. */
  readonly usage: string;
  readonly min: number;
  readonly max: number;
}

/** A candidate of shell completion and what it is. */
export interface Candidate {
  readonly value: string;
  readonly summary?: string;
}

/** One command as its file writes it; `S` is what the program hands every command. */
export interface CommandSpec<F extends Flags, S> {
  readonly summary: string;
  readonly description?: string;
  readonly args?: Arguments;
  readonly flags?: F;
  /** Does the work; throws on failure and never ends the process. */
  run(flags: Values<F>, session: S, args: readonly string[]): Promise<void>;
  /** What may stand as the next positional argument after `args`. */
  complete?(session: S, args: readonly string[]): Promise<readonly Candidate[]>;
}

/** A command or a group of commands, ready to be run by a program. */
export interface Command<S> {
  readonly summary: string;
  readonly description: string;
  readonly args: Arguments;
  /** A group's flags hold for all commands under it. */
  readonly flags: Flags;
  readonly children: readonly Entry<S>[];
  run?(
    flags: Readonly<Record<string, unknown>>,
    session: S,
    args: readonly string[],
  ): Promise<void>;
  complete?(session: S, args: readonly string[]): Promise<readonly Candidate[]>;
}

/** Where a command hangs in the tree; its file is loaded when it is needed. */
export interface Entry<S> {
  /** The name, then its aliases. */
  readonly names: readonly [string, ...string[]];
  readonly hidden?: boolean;
  load(): Promise<Command<S>>;
}

/** A command line that cannot be carried out as written; the program adds the usage to it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The user ended the program; there is nothing to tell. */
export class InterruptError extends Error {
  override readonly name = "InterruptError";
}

/** No positional arguments. */
export const NO_ARGS: Arguments = { usage: "", min: 0, max: 0 };

/** Exactly the arguments in `usage`, e.g. `<path>`. */
export function exactly(usage: string): Arguments {
  const count = usage.split(" ").length;
  return { usage, min: count, max: count };
}

/** Makes a command of its description; the flags type what `run` receives. */
export function command<F extends Flags, S>(spec: CommandSpec<F, S>): Command<S> {
  return {
    summary: spec.summary,
    description: spec.description ?? spec.summary,
    args: spec.args ?? NO_ARGS,
    flags: spec.flags ?? {},
    children: [],
    // The parser fills exactly the flags declared here, so the record has F's shape.
    run: (flags, session, args) => spec.run(flags as Values<F>, session, args),
    ...(spec.complete
      ? { complete: (session: S, args: readonly string[]) => spec.complete!(session, args) }
      : {}),
  };
}

/** Makes a group: commands under one name, with flags they share. */
export function group<S>(
  spec: { summary: string; description?: string; flags?: Flags; children: readonly Entry<S>[] },
): Command<S> {
  return {
    summary: spec.summary,
    description: spec.description ?? spec.summary,
    args: NO_ARGS,
    flags: spec.flags ?? {},
    children: spec.children,
  };
}

/** A table entry for a command that is already at hand. */
export function entry<S>(names: readonly [string, ...string[]], made: Command<S>): Entry<S> {
  return { names, load: () => Promise.resolve(made) };
}
