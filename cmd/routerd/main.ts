import { parseArgs } from "node:util";
import { SOCKETS } from "$lib/paths/mod.ts";
import { dropRights } from "$lib/rpc/mod.ts";
import { BACKEND_SOCKETS } from "./routes.ts";
import { startRouter } from "./router.ts";

/** Runs routerd until its stdin ends: one unix socket in front of the components' own. */
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
  const router = await startRouter({
    socket,
    backends: { machined, networkd, timed },
  });
  log(`listening on ${socket}`);
  await Array.fromAsync(Deno.stdin.readable);
  await router.close();
}

function log(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
