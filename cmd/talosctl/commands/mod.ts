import type { Command, Entry } from "$lib/cli/mod.ts";
import type { Session } from "../session.ts";

type Load = () => Promise<Command<Session>>;

function on(names: Entry<Session>["names"], load: Load): Entry<Session> {
  return { names, load };
}

function hidden(names: Entry<Session>["names"], load: Load): Entry<Session> {
  return { names, hidden: true, load };
}

/** Every command of talosctl; a command's file is loaded when it is run, completed or listed. */
export const COMMANDS: readonly Entry<Session>[] = [
  on(["memory", "m", "free"], async () => (await import("./memory.ts")).memoryCommand),
  on(["service", "services"], async () => (await import("./service.ts")).serviceCommand),
  on(["version"], async () => (await import("./version.ts")).versionCommand),
];

/** Commands that the program calls itself. */
export const HIDDEN: readonly Entry<Session>[] = [
  hidden(["__complete"], async () => (await import("./complete.ts")).completeCommand),
];
