import { flag, type Output, type Program } from "$lib/cli/mod.ts";
import { COMMANDS, HIDDEN } from "./commands/mod.ts";
import { type Host, talosconfigPath } from "./host.ts";
import { Session } from "./session.ts";

/** The flags that every command of talosctl takes. */
export function globalFlags(host: Pick<Host, "env" | "home">): Program<Session>["globals"] {
  return {
    context: flag.string("Context to be used in command"),
    endpoints: flag.list("override default endpoints in Talos configuration", { short: "e" }),
    nodes: flag.list("target the specified nodes", { short: "n" }),
    talosconfig: flag.string("The path to the Talos configuration file", {
      shownFallback: `"${talosconfigPath("", host)}"`,
    }),
  };
}

/** talosctl, given where it writes and the machine it runs on. */
export function talosctl(
  output: Output,
  host: Host,
  opened: (s: Session) => void = () => {},
): Program<Session> {
  return {
    name: "talosctl",
    description: "A CLI for out-of-band management of Kubernetes nodes created by Talos",
    globals: globalFlags(host),
    commands: [...COMMANDS, ...HIDDEN],
    session: ({ flags }) => {
      const session = new Session(flags, output, host);
      opened(session);
      return session;
    },
    close: (session) => session.close(),
  };
}
