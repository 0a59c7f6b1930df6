/**
 * A command kit: commands with typed flags in files of their own, loaded when they are run, with
 * help, typo suggestions, tables and shell completion.
 *
 * @example A program of one command
 * ```ts
 * import { command, entry, execute, flag } from "$lib/cli/mod.ts";
 *
 * const hello = command({
 *   summary: "Greet",
 *   flags: { loud: flag.boolean("Shout") },
 *   async run(flags, say: (text: string) => void) {
 *     say(flags.loud ? "HELLO" : "hello");
 *   },
 * });
 * const lines: string[] = [];
 * const program = {
 *   name: "greeter",
 *   description: "Greets",
 *   globals: {},
 *   commands: [entry(["hello"], hello)],
 *   session: () => (text: string) => void lines.push(text),
 * };
 * const code = await execute(program, ["hello", "--loud"], { out: () => {}, err: () => {} });
 * if (code !== 0 || lines[0] !== "HELLO") throw new Error("the greeter is broken");
 * ```
 *
 * @module
 */
export {
  type Arguments,
  type Candidate,
  type Command,
  command,
  type CommandSpec,
  type Entry,
  entry,
  exactly,
  group,
  InterruptError,
  NO_ARGS,
  UsageError,
} from "./command.ts";
export {
  type Flag,
  flag,
  type FlagOptions,
  type Flags,
  formatDuration,
  kebab,
  parseDurationMs,
  splitList,
  type Values,
} from "./flag.ts";
export { complete, completionLines } from "./complete.ts";
export { completionScript, type Shell, SHELLS } from "./completion_script.ts";
export { helpText, type Resolved, usageText } from "./help.ts";
export { parse, type Parsed } from "./parse.ts";
export { execute, locate, type Output, type Program, rootOf } from "./program.ts";
export { commandReference } from "./reference.ts";
export { didYouMean, suggestions } from "./suggest.ts";
export { LiveTable, tabulate } from "./table.ts";
