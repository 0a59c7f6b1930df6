import { join } from "node:path";

/** What talosctl asks of the machine it runs on; main.ts hands in the real one. */
export interface Host {
  env(name: string): string | undefined;
  /** The user's home directory. */
  readonly home: string;
  readonly cwd: string;
  /** The file's text, or undefined when there is no such file. */
  readTextIfPresent(path: string): Promise<string | undefined>;
}

/**
 * Where the talosconfig lies: the flag, else $TALOSCONFIG, else `talos/config.yaml` in
 * $XDG_CONFIG_HOME when that is set, else `~/.talos/config`.
 */
export function talosconfigPath(flag: string, host: Pick<Host, "env" | "home">): string {
  const named = flag || host.env("TALOSCONFIG");
  if (named) return named;
  const xdg = host.env("XDG_CONFIG_HOME");
  return xdg ? join(xdg, "talos", "config.yaml") : join(host.home, ".talos", "config");
}
