import type { Entry } from "./command.ts";
import { helpText, type Resolved } from "./help.ts";
import { type Program, rootOf } from "./program.ts";

/** The help of a program and of every command it shows, as one Markdown page. */
export async function commandReference<S>(program: Program<S>): Promise<string> {
  const root = {
    path: [program.name],
    aliases: [],
    command: rootOf(program),
    inherited: {},
  };
  const parts = [`# ${program.name}\n`];
  for await (const at of commandsUnder(root)) {
    parts.push(`## ${at.path.join(" ")}\n\n\`\`\`text\n${await helpText(at)}\`\`\`\n`);
  }
  return parts.join("\n");
}

/** A command and all below it, hidden ones left out. */
async function* commandsUnder<S>(at: Resolved<S>): AsyncGenerator<Resolved<S>> {
  yield at;
  const shown = (entry: Entry<S>): boolean => !entry.hidden;
  for (const { names: [name, ...aliases], load } of at.command.children.filter(shown)) {
    yield* commandsUnder({
      path: [...at.path, name],
      aliases,
      command: await load(),
      inherited: { ...at.inherited, ...at.command.flags },
    });
  }
}
