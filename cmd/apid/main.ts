import { parseArgs } from "node:util";
import { APID_PORT, SOCKETS } from "$lib/paths/mod.ts";
import { dropRights } from "$lib/rpc/mod.ts";
import { textLines } from "$lib/service/mod.ts";
import { type Apid, startApid } from "./apid.ts";
import { readIdentity } from "./identity.ts";

/** Runs apid with the identity that comes on stdin, each line a newer one, until stdin ends. */
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
  let apid: Apid | undefined;
  for await (const line of textLines(Deno.stdin.readable)) {
    try {
      const identity = readIdentity(line);
      if (apid) apid.renew(identity);
      else {
        apid = await startApid({
          host: values.host,
          port: Number(values.port),
          socket: values.socket,
          routerSocket: values["router-socket"],
          nodePort: () => Number(values["node-port"]),
          identity,
          log,
        });
        log(`listening on ${values.host}:${apid.port} and ${values.socket}`);
        continue;
      }
      log("identity renewed");
    } catch (error) {
      if (!apid && !(error instanceof SyntaxError)) throw error;
      log(error instanceof Error ? error.message : String(error));
    }
  }
  await apid?.close();
}

function log(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
