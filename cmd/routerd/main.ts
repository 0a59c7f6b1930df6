import { parseArgs } from "node:util";
import { SOCKETS } from "$lib/paths/mod.ts";
import { dropRights } from "$lib/rpc/mod.ts";
import { textLines } from "$lib/service/mod.ts";
import { BACKEND_SOCKETS } from "./routes.ts";
import { startRouter } from "./router.ts";

/**
 * Runs routerd until its stdin ends: one unix socket in front of the components' own. A line
 * `{"maintenance":true}` tells that the node waits for its configuration.
 */
export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      socket: { type: "string", default: SOCKETS.routerd },
      machined: { type: "string", default: BACKEND_SOCKETS.machined },
      networkd: { type: "string", default: BACKEND_SOCKETS.networkd },
      timed: { type: "string", default: BACKEND_SOCKETS.timed },
    },
  });
  await dropRights(Deno.permissions, ["run", "ffi", "sys", "env"]);
  const { socket, machined, networkd, timed } = values;
  let maintenance = false;
  const router = await startRouter({
    socket,
    backends: { machined, networkd, timed },
    maintenance: () => maintenance,
  });
  log(`listening on ${socket}`);
  for await (const line of textLines(Deno.stdin.readable)) {
    maintenance = (JSON.parse(line) as { maintenance?: unknown }).maintenance === true;
  }
  await router.close();
}

function log(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
