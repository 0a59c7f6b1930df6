import { join } from "node:path";

/** The environment variables that say where the file is. */
export interface PathEnvironment {
  readonly TALOSCONFIG?: string | undefined;
  readonly XDG_CONFIG_HOME?: string | undefined;
  readonly HOME?: string | undefined;
}

/**
 * Where the client configuration is: `--talosconfig`, else `$TALOSCONFIG`, else
 * `$XDG_CONFIG_HOME/talos/config.yaml`, else `$HOME/.talos/config`. Empty ones count as unset.
 */
export function talosconfigPath(flag: string | undefined, env: PathEnvironment): string {
  if (flag) return flag;
  if (env.TALOSCONFIG) return env.TALOSCONFIG;
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, "talos", "config.yaml");
  if (env.HOME) return join(env.HOME, ".talos", "config");
  throw new Error(
    "Cannot find talosconfig: none of TALOSCONFIG, XDG_CONFIG_HOME and HOME is set",
  );
}
