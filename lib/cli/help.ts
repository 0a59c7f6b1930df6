import type { Command, Entry } from "./command.ts";
import { type Flag, type Flags, formatDuration, kebab } from "./flag.ts";

/** A command on its way from the root, with everything help has to know. */
export interface Resolved<S> {
  /** Names from the program down, e.g. `["talosctl", "config", "add"]`. */
  readonly path: readonly string[];
  readonly aliases: readonly string[];
  readonly command: Command<S>;
  /** Flags of the groups above and of the program. */
  readonly inherited: Flags;
}

/** The text of `--help`. */
export async function helpText<S>(at: Resolved<S>): Promise<string> {
  return `${at.command.description}\n\n${await usageText(at)}`;
}

/** The usage block that help and usage errors share. */
export async function usageText<S>(at: Resolved<S>): Promise<string> {
  const name = at.path.join(" ");
  const parts = [
    `Usage:\n  ${at.command.run ? runLine(name, at.command.args.usage) : groupLine(name)}`,
  ];
  if (at.aliases.length > 0) {
    parts.push(`Aliases:\n  ${[at.path.at(-1), ...at.aliases].join(", ")}`);
  }
  const children = await commandLines(at.command.children);
  if (children !== "") parts.push(`Available Commands:\n${children}`);
  const own = flagLines(at.command.flags, at.path.at(-1) ?? "");
  parts.push(`Flags:\n${own}`);
  if (at.path.length > 1) parts.push(`Global Flags:\n${flagLines(at.inherited)}`);
  if (children !== "") {
    parts.push(`Use "${name} [command] --help" for more information about a command.`);
  }
  return parts.join("\n\n") + "\n";
}

function runLine(name: string, args: string): string {
  return `${name}${args === "" ? "" : ` ${args}`} [flags]`;
}

function groupLine(name: string): string {
  return `${name} [command]`;
}

async function commandLines<S>(children: readonly Entry<S>[]): Promise<string> {
  const shown = children.filter((child) => !child.hidden);
  const widest = Math.max(0, ...shown.map((child) => child.names[0].length));
  const lines = await Promise.all(
    shown.map(async (child) =>
      `  ${child.names[0].padEnd(widest)} ${(await child.load()).summary}`
    ),
  );
  return lines.join("\n");
}

/** The flag table; a command's own one ends with its `--help`. */
export function flagLines(flags: Flags, helpFor?: string): string {
  const rows = Object.entries(flags)
    .filter(([, flag]) => !flag.hidden)
    .map(([name, flag]): [string, string] => [flagName(name, flag), summaryOf(flag)]);
  if (helpFor !== undefined) rows.push(["  -h, --help", `help for ${helpFor}`]);
  rows.sort(([a], [b]) => a.slice(6) < b.slice(6) ? -1 : 1);
  const widest = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${left.padEnd(widest)}   ${right}`).join("\n");
}

function flagName(name: string, flag: Flag<unknown>): string {
  const short = flag.short ? `  -${flag.short}, ` : "      ";
  const type = flag.kind === "bool" ? "" : ` ${flag.kind}`;
  return `${short}--${kebab(name)}${type}`;
}

function summaryOf(flag: Flag<unknown>): string {
  const shown = flag.shownFallback ?? shownFallback(flag);
  return shown === "" ? flag.summary : `${flag.summary} (default ${shown})`;
}

function shownFallback(flag: Flag<unknown>): string {
  const value = flag.fallback;
  if (flag.kind === "duration") return value === 0 ? "" : formatDuration(Number(value));
  if (Array.isArray(value)) return value.length === 0 ? "" : `[${value.join(",")}]`;
  if (typeof value === "string") return value === "" ? "" : `"${value}"`;
  return value ? String(value) : "";
}
