import { flag, type Output, type Program } from "$lib/cli/mod.ts";
import { COMMANDS } from "./commands/mod.ts";
import type { Host } from "./host.ts";
import { Session } from "./session.ts";

/** The flags that every command of talosctl takes. */
export function globalFlags({ env, home }: Host): Program<Session>["globals"] {
  return {
    context: flag.string("Context to be used in command"),
    endpoints: flag.list("override default endpoints in Talos configuration", { short: "e" }),
    nodes: flag.list("target the specified nodes", { short: "n" }),
    talosconfig: flag.string("The path to the Talos configuration file", {
      shownFallback: `"${shownPath(env, home)}"`,
    }),
  };
}

/** Where the talosconfig is when the flag does not say; in step with $lib/talosconfig, which help must not load. */
function shownPath({ TALOSCONFIG, XDG_CONFIG_HOME }: Host["env"], home: string): string {
  if (TALOSCONFIG) return TALOSCONFIG;
  return XDG_CONFIG_HOME ? `${XDG_CONFIG_HOME}/talos/config.yaml` : `${home}/.talos/config`;
}

/** talosctl, given where it writes and the machine it runs on; `opened` sees each session. */
export function talosctl(
  output: Output,
  host: Host,
  opened: (session: Session) => void = () => {},
): Program<Session> {
  return {
    name: "talosctl",
    description: "A CLI for out-of-band management of Kubernetes nodes created by Talos",
    globals: globalFlags(host),
    commands: COMMANDS,
    session: ({ flags }) => {
      const session = new Session(flags, output, host);
      opened(session);
      return session;
    },
    close: (session) => session.close(),
  };
}
