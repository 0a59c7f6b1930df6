import { flag } from "$lib/cli/mod.ts";
import { serveConfig } from "../cluster/config_server.ts";
import { command, type Session } from "../session.ts";

/** What `cluster create` starts for each node: reads the secret path on stdin, prints the port. */
export const configLaunchCommand = command({
  summary: "Serve a node's machine configuration for as long as the node runs",
  flags: { directory: flag.string("the node's directory", { required: true }) },
  async run({ directory }, session: Session) {
    const path = (await session.host.stdinLine()).trim();
    if (!/^\/[\w/.-]+$/.test(path)) throw new Error(`Cannot serve under "${path}": it is no path`);
    const ready = (port: number): void => session.out.line(String(port));
    await serveConfig({ directory, path, ready, signal: session.signal });
  },
});
