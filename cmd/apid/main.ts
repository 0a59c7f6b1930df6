import { parseArgs } from "node:util";
import { APID_PORT, SOCKETS } from "$lib/paths/mod.ts";
import { dropRights } from "$lib/rpc/mod.ts";
import { textLines } from "$lib/service/mod.ts";
import { startApid } from "./apid.ts";
import { readFace } from "./face.ts";
import { Front } from "./front.ts";
import { startMaintenance } from "./maintenance.ts";

/** Runs apid with the face that comes on stdin, each line a newer one, until stdin ends. */
export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      host: { type: "string", default: "::" },
      port: { type: "string", default: String(APID_PORT) },
      socket: { type: "string", default: SOCKETS.apid },
      "router-socket": { type: "string", default: SOCKETS.routerd },
      "node-port": { type: "string", default: String(APID_PORT) },
    },
  });
  await dropRights(Deno.permissions, ["run", "ffi", "sys", "env"]);
  const { host, socket, "router-socket": routerSocket } = values;
  const port = Number(values.port);
  const front = new Front({
    maintenance: (identity) => startMaintenance({ host, port, routerSocket, identity, log }),
    node: (identity) =>
      startApid({
        ...{ host, port, socket, routerSocket, identity, log },
        nodePort: () => Number(values["node-port"]),
      }),
  });
  for await (const line of textLines(Deno.stdin.readable)) {
    try {
      const face = readFace(line);
      const done = await front.show(face);
      if (done === "opened") log(`${face.kind} API listening on ${host}:${front.port}`);
      else log(done === "renewed" ? "identity renewed" : "maintenance API closed");
    } catch (error) {
      // Without an API there is nothing left to do here but to be started anew.
      if (front.port === undefined && !(error instanceof SyntaxError)) throw error;
      log(error instanceof Error ? error.message : String(error));
    }
  }
  await front.close();
}

function log(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
